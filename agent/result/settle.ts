import { reasonOf } from "../../base/errors.ts";
import { retry } from "../../base/retry.ts";
import type { QueueMessage } from "../../cloud/ports/queue.ts";
import { mustPark } from "../../jobs/claim.ts";
import type { Failure } from "../../jobs/failure.ts";
import type { JobIdentity } from "../../jobs/identity.ts";
import { deliveredKey, resultKey } from "../../jobs/keys.ts";
import { buildResponse } from "../../schemas/build.ts";
import type { JobOutput } from "../../schemas/request.ts";
import type { JobResponse } from "../../schemas/response.ts";
import { validate } from "../../schemas/validate.ts";
import type { AgentContext } from "../context.ts";
import type { Lease } from "../receive/lease.ts";
import { releaseClaim, takeClaim } from "./claims.ts";
import { commitResult } from "./commit.ts";
import { deliver, type Parcel } from "./deliver.ts";
import { park } from "./park.ts";
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

/** Time for the answer's way back before the claim runs out. */
const CLAIM_MARGIN_MS = 500;

/**
 * The end of every job: commit the result, deliver it, delete the request. In this order, so that a crash at any
 * point repeats what may not have happened and never loses what did.
 */
export async function settle(
  context: AgentContext,
  holding: Holding,
  response: JobResponse,
  output: JobOutput,
  parked?: Failure,
): Promise<Settled> {
  const { job, attemptId, signal } = holding;
  const xml = buildResponse(response);
  const commit = await commitResult(context, job, attemptId, xml, parked !== undefined, signal);
  if (commit.outcome === "theirs") return { end: "returned", delayS: commit.waitS };
  const { service, status, artifacts } = response;
  const parcel = { job, xml: Buffer.from(xml), output, service, status, artifacts };
  return await handOver(context, holding, parcel, { until: commit.deliverUntil, etag: undefined }, parked);
}

/**
 * Takes up a job whose result another receiver committed: only the delivery, or only the delete, is due.
 */
export async function resume(
  context: AgentContext,
  holding: Holding,
  output: JobOutput,
  delivered: boolean,
): Promise<Settled> {
  const { job, attemptId, signal } = holding;
  if (delivered) return await deleteRequest(context, holding);
  const { objects, clock, settings } = context;
  const claimedAt = clock.monotonic();
  const claim = await takeClaim(objects, job, attemptId, settings.visibilityTimeoutS);
  if (!claim.granted) return { end: "returned", delayS: claim.waitS };
  const result = await objects.get(resultKey(job));
  if (result === undefined) return { end: "returned", delayS: 1 };
  signal.throwIfAborted();
  const parcel = parcelOf(job, result.body, output);
  const parked: Failure | undefined = mustPark(result.metadata)
    ? { code: "program-failed", message: "The job's tries are used up; its result says why." }
    : undefined;
  const until = claimedAt + settings.visibilityTimeoutS * 1000;
  return await handOver(context, holding, parcel, { until, etag: claim.etag }, parked);
}

/** A committed result as it is delivered. Our own documents are always valid; anything else is a broken store. */
export function parcelOf(job: JobIdentity, xml: Uint8Array, output: JobOutput): Parcel {
  const verdict = validate("response", xml);
  if (!verdict.ok)
    throw new Error(`the stored result of ${job.id} is not a response: ${verdict.problems[0].message}`);
  const { service, status, artifacts } = verdict.value;
  return { job, xml, output, service, status, artifacts };
}

async function handOver(
  context: AgentContext,
  holding: Holding,
  parcel: Parcel,
  claim: { until: number; etag: string | undefined },
  parked: Failure | undefined,
): Promise<Settled> {
  const { clock, objects, settings, activity } = context;
  const { job, message, signal } = holding;
  if (parked !== undefined) await insist(context, signal, () => park(context, job, message.body, parked));
  const leftMs = claim.until - clock.monotonic() - CLAIM_MARGIN_MS;
  const timeoutMs = Math.min(settings.callbackTimeoutS * 1000, leftMs);
  if (timeoutMs <= 0 || !holding.lease.held()) return { end: "returned", delayS: 1 };
  const delivery = await deliver(context, parcel, timeoutMs, signal);
  if (delivery.ok) {
    activity.record("delivered", {
      job: job.id,
      service: parcel.service,
      status: parcel.status,
      bytes: parcel.xml.byteLength,
      to: parcel.output.type,
    });
  } else {
    activity.record("delivery-failed", { job: job.id, service: parcel.service, reason: delivery.reason });
    await insist(context, signal, () => releaseClaim(objects, job, holding.attemptId, claim.etag));
    await insist(context, signal, () => postpone(context, job, message.body, delivery));
  }
  return await deleteRequest(context, holding);
}

/**
 * Deletes the request. A delete that was not confirmed, or that came when another receiver may already have had
 * the message, may have left it in the queue: then a record says that nothing more is due.
 */
async function deleteRequest(context: AgentContext, holding: Holding): Promise<Settled> {
  const { objects, deleter } = context;
  const sure = holding.lease.held();
  const confirmed = await deleter.delete(holding.lease.receiptHandle);
  if (!confirmed || !sure) {
    await insist(context, holding.signal, () => objects.put(deliveredKey(holding.job), ""));
  }
  return { end: "done" };
}

/** Repeats until it works: what comes after must not happen before. Bounded by the lease, through the signal. */
async function insist(
  context: AgentContext,
  signal: AbortSignal,
  work: () => Promise<unknown>,
): Promise<void> {
  await retry(
    context,
    {
      baseMs: 200,
      capMs: 5_000,
      signal,
      giveUp: () => false,
      onRetry: (error) => context.log.warn("settle.retry", { reason: reasonOf(error) }),
    },
    work,
  );
}
