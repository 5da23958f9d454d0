import { reasonOf } from "../../base/errors.ts";
import type { QueueMessage } from "../../cloud/ports/queue.ts";
import { type JobIdentity, verifyIdentity } from "../../jobs/identity.ts";
import { resultKey } from "../../jobs/keys.ts";
import { addresseeOf } from "../admit/admit.ts";
import type { AgentContext } from "../context.ts";
import type { LeaseKeeper } from "../receive/lease.ts";
import type { Delivery } from "./callback.ts";
import { releaseClaim, takeClaim } from "./claims.ts";
import { deliver } from "./deliver.ts";
import { park } from "./park.ts";
import { redeliveryDelayS } from "./postpone.ts";
import { parcelOf } from "./settle.ts";

/** A receiver that says no (4xx) is asked this often, in case it was being deployed. */
const REFUSALS = 4;
/** Time for the answer's way back before the claim runs out. */
const CLAIM_MARGIN_MS = 500;

/**
 * Offers one postponed result again. Ends with the message deleted (delivered or parked) or hidden until the next
 * try; never rejects.
 */
export async function redeliver(
  context: AgentContext,
  leases: LeaseKeeper,
  message: QueueMessage,
  stop: AbortSignal,
): Promise<void> {
  const lost = new AbortController();
  const lease = leases.hold(message.receiptHandle, (reason) => lost.abort(reason));
  const signal = AbortSignal.any([lost.signal, stop]);
  const { deliveries } = context.queues;
  try {
    const job = verifyIdentity(message, context.fleetKey);
    const next =
      job === undefined ? await parkForeign(context, message) : await offer(context, job, message, signal);
    if (next === "settled") await deliveries.delete([message.receiptHandle]);
    else await hide(context, message, next.waitS);
  } catch (error) {
    // The message comes back by itself; saying when is a courtesy.
    context.log.warn("redeliver.failed", { message: message.id, reason: reasonOf(error) });
    if (lease.held()) await hide(context, message, stop.aborted ? 0 : 5).catch(() => undefined);
  } finally {
    lease.release();
  }
}

async function hide(
  { queues }: AgentContext,
  message: QueueMessage,
  visibilityTimeoutS: number,
): Promise<void> {
  await queues.deliveries.changeVisibility([{ receiptHandle: message.receiptHandle, visibilityTimeoutS }]);
}

type Next = "settled" | { waitS: number };

async function offer(
  context: AgentContext,
  job: JobIdentity,
  message: QueueMessage,
  signal: AbortSignal,
): Promise<Next> {
  const { objects, clock, settings, random, activity } = context;
  const owner = random.uuid();
  const claimMs = settings.visibilityTimeoutS * 1000;
  const claimedAt = clock.monotonic();
  const claim = await takeClaim(objects, job, owner, settings.visibilityTimeoutS);
  if (!claim.granted) return { waitS: claim.waitS };
  const result = await objects.get(resultKey(job));
  const told = addresseeOf(message.body);
  if (result === undefined || told === undefined) return { waitS: 60 };
  const parcel = parcelOf(job, result.body, told.output);
  const leftMs = claimMs - (clock.monotonic() - claimedAt) - CLAIM_MARGIN_MS;
  const timeoutMs = Math.min(settings.callbackTimeoutS * 1000, leftMs);
  const delivery = await deliver(context, parcel, timeoutMs, signal);
  if (delivery.ok) {
    activity.record("delivered", {
      job: job.id,
      service: parcel.service,
      status: parcel.status,
      bytes: parcel.xml.byteLength,
      to: parcel.output.type,
    });
    return "settled";
  }
  activity.record("delivery-failed", { job: job.id, service: parcel.service, reason: delivery.reason });
  const ageS = (clock.now() - message.sentAt) / 1000;
  if (isHopeless(delivery, message.receiveCount + 1, ageS, settings.deliveryBudgetS)) {
    await park(context, job, message.body, {
      code: "output-undeliverable",
      message: `The result could not be delivered: ${delivery.reason} It is kept; replay the delivery when the receiver is well.`,
    });
    return "settled";
  }
  await releaseClaim(objects, job, owner, claim.etag);
  return { waitS: redeliveryDelayS(context, message.receiveCount + 1, delivery.retryAfterS) };
}

/** @param tries failed ones so far, the agent's own first one included */
function isHopeless(
  delivery: Extract<Delivery, { ok: false }>,
  tries: number,
  ageS: number,
  budgetS: number,
): boolean {
  return delivery.gone === true || (delivery.refused && tries >= REFUSALS) || ageS >= budgetS;
}

/** Something on our internal queue that we did not put there. */
async function parkForeign(context: AgentContext, message: QueueMessage): Promise<Next> {
  await park(context, { id: message.id, generation: 0 }, message.body, {
    code: "internal",
    message: "A message on the deliveries queue does not carry the fleet's signature.",
  });
  return "settled";
}
