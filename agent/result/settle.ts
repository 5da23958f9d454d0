import type { QueueMessage } from "../../cloud/ports/queue.ts";
import { mustPark } from "../../jobs/claim.ts";
import type { Failure } from "../../jobs/failure.ts";
import type { JobIdentity } from "../../jobs/identity.ts";
import { resultKey } from "../../jobs/keys.ts";
import { buildResponse } from "../../schemas/build.ts";
import type { JobResponse } from "../../schemas/response.ts";
import { validate } from "../../schemas/validate.ts";
import type { Destination } from "../admit/admit.ts";
import type { AgentContext } from "../context.ts";
import type { Lease } from "../receive/lease.ts";
import { releaseClaim, takeClaim } from "./claims.ts";
import { commitResult } from "./commit.ts";
import type { Parcel } from "./deliver.ts";
import { insist, stateDelivered, stateParked } from "./insist.ts";
import { offer, parcelOf } from "./offer.ts";
import { isMovedLetter, park, putBack, undeliverable } from "./park.ts";
import { postpone } from "./postpone.ts";

/** One message in our hands. */
export interface Holding {
  message: QueueMessage;
  lease: Lease;
  job: JobIdentity;
  /** Unique to this receipt: what commits and claims are signed with. */
  attemptId: string;
  /** Aborts when the lease is lost or the agent stops: no effect may follow. */
  signal: AbortSignal;
}

/** How the message leaves our hands. `returned`: visible again after `delayS`. */
export type Settled = { end: "done" } | { end: "returned"; delayS: number };

/** Our right to deliver. */
interface HeldClaim {
  /** Monotonic milliseconds. */
  until: number;
  /** Of the claim object; undefined while the claim lies on the result itself. */
  etag: string | undefined;
  failures: number;
}

/**
 * The end of every job: commit the result, deliver it, delete the request. In this order, so that a crash at any
 * point repeats what may not have happened and never loses what did.
 */
export async function settle(
  context: AgentContext,
  holding: Holding,
  response: JobResponse,
  output: Destination,
  parked?: Failure,
): Promise<Settled> {
  const { job, attemptId, signal } = holding;
  const xml = buildResponse(response);
  const commit = await commitResult(context, job, attemptId, xml, parked !== undefined, signal);
  if (commit.outcome === "theirs") return { end: "returned", delayS: commit.waitS };
  const { service, status, artifacts } = response;
  const parcel = { job, xml: Buffer.from(xml), output, service, status, artifacts };
  const claim = { until: commit.deliverUntil, etag: undefined, failures: 0 };
  return await handOver(context, holding, parcel, claim, parked);
}

/**
 * Takes up a job whose result another receiver committed: only the delivery, or only the delete, is due. Who lacks a
 * secret that the delivery takes fails to deliver, and it is tried again: another may hold the secret.
 * @param output as the request has it
 */
export async function resume(context: AgentContext, holding: Holding, output: Destination): Promise<Settled> {
  const { job, attemptId, message, signal } = holding;
  const { objects, clock, settings } = context;
  if (isMovedLetter(context, message)) {
    await insist(context, signal, () => putBack(context, message));
    return await deleteRequest(context, holding);
  }
  const claimedAt = clock.monotonic();
  const claim = await takeClaim(objects, job, attemptId, settings.visibilityTimeoutS);
  if (claim.outcome === "delivered" || claim.outcome === "parked")
    return await deleteRequest(context, holding);
  if (claim.outcome === "busy") return { end: "returned", delayS: claim.waitS };
  const result = await objects.get(resultKey(job));
  if (claim.outcome === "no-result" || result === undefined) return { end: "returned", delayS: 1 };
  signal.throwIfAborted();
  const parked = mustPark(result.metadata) ? failureIn(result.body) : undefined;
  // Parked in place of being told, see admit: whoever replays it once the secret is known has the job done.
  const isForNobody = parked?.code === "secret-unknown";
  const parcel = parcelOf(job, result.body, isForNobody ? { type: "store" } : output);
  const until = claimedAt + settings.visibilityTimeoutS * 1000;
  return await handOver(context, holding, parcel, { ...claim, until }, parked);
}

/** Why a committed job failed, as its own response says. */
function failureIn(xml: Uint8Array): Failure | undefined {
  const verdict = validate("response", xml);
  if (!verdict.ok || verdict.value.error === undefined) return undefined;
  return { code: verdict.value.error.code as Failure["code"], message: verdict.value.message };
}

async function handOver(
  context: AgentContext,
  holding: Holding,
  parcel: Parcel,
  claim: HeldClaim,
  parked: Failure | undefined,
): Promise<Settled> {
  const { job, attemptId, message, signal, lease } = holding;
  if (parked !== undefined) await insist(context, signal, () => park(context, job, message.body, parked));
  if (!lease.held()) return { end: "returned", delayS: 1 };
  const delivery = await offer(context, parcel, claim.until, signal);
  if (delivery === undefined) return { end: "returned", delayS: 1 };
  if (!delivery.ok && delivery.gone) {
    await insist(context, signal, () => park(context, job, message.body, undeliverable(delivery.reason)));
    await stateParked(context, job, attemptId, claim.etag);
    return await deleteRequest(context, holding);
  }
  if (!delivery.ok) {
    await insist(context, signal, () => postpone(context, job, message.body, parcel.output.type, delivery));
    await insist(context, signal, () =>
      releaseClaim(context.objects, job, attemptId, claim.etag, claim.failures + 1),
    );
    return await deleteRequest(context, holding);
  }
  // Off the straight path another message may stand for the same delivery: it must learn that nothing is due.
  if (claim.etag !== undefined) await stateDelivered(context, job, attemptId);
  const sure = lease.held();
  const deleted = await deleteRequest(context, holding);
  if (deleted.confirmed && sure) return deleted;
  // The message may still be there, or another receiver may have had it already.
  if (claim.etag === undefined) await stateDelivered(context, job, attemptId);
  return deleted;
}

async function deleteRequest(
  { deleter }: AgentContext,
  { lease }: Holding,
): Promise<Settled & { confirmed: boolean }> {
  return { end: "done", confirmed: await deleter.delete(lease.receiptHandle) };
}
