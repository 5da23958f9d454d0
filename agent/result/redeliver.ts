import { reasonOf } from "../../base/errors.ts";
import type { QueueMessage } from "../../cloud/ports/queue.ts";
import type { Failure } from "../../jobs/failure.ts";
import { type JobIdentity, verifyIdentity } from "../../jobs/identity.ts";
import { resultKey } from "../../jobs/keys.ts";
import { addresseeOf } from "../admit/admit.ts";
import type { AgentContext } from "../context.ts";
import type { LeaseKeeper } from "../receive/lease.ts";
import type { QueueClock } from "../receive/queue-clock.ts";
import type { Delivery } from "./callback.ts";
import { carriedBody } from "./carry.ts";
import { releaseClaim, takeClaim } from "./claims.ts";
import { stateDelivered, stateParked } from "./insist.ts";
import { offer, parcelOf } from "./offer.ts";
import { park, undeliverable } from "./park.ts";
import { notDueForS, redeliveryDelayS } from "./postpone.ts";

/** A receiver that says no (4xx) is asked this often, in case it was being deployed. */
const REFUSALS = 4;
/** After an unexpected error of ours. */
const TROUBLE_S = 5;

/** `settled`: delivered or parked, the message may go. */
type Next = "settled" | { waitS: number };

export interface RedeliveryTools {
  leases: LeaseKeeper;
  queueClock: QueueClock;
  /** The agent leaves. */
  stop: AbortSignal;
}

/**
 * Offers one postponed result again. Ends with the message deleted (delivered or parked) or hidden until the next
 * try; never rejects.
 * @param since see LeaseKeeper.hold
 */
export async function redeliver(
  context: AgentContext,
  { leases, queueClock, stop }: RedeliveryTools,
  message: QueueMessage,
  since: number,
): Promise<void> {
  const lost = new AbortController();
  const lease = leases.hold(message.receiptHandle, (reason) => lost.abort(reason), since);
  const signal = AbortSignal.any([lost.signal, stop]);
  const { deliveries } = context.queues;
  let next: Next;
  try {
    next = await decideNext(context, message, queueClock.now(), signal);
  } catch (error) {
    context.log.warn("redeliver.failed", { message: message.id, reason: reasonOf(error) });
    next = { waitS: stop.aborted ? 0 : TROUBLE_S };
  }
  await lease.release();
  const { receiptHandle } = message;
  try {
    if (next === "settled") await deliveries.delete([receiptHandle]);
    else if (!lost.signal.aborted) {
      await deliveries.changeVisibility([{ receiptHandle, visibilityTimeoutS: next.waitS }]);
    }
  } catch (error) {
    // It comes back by itself, and its claim then says what is due.
    context.log.warn("redeliver.failed", { message: message.id, reason: reasonOf(error) });
  }
}

/** @param nowMs by the queue's clock */
async function decideNext(
  context: AgentContext,
  message: QueueMessage,
  nowMs: number,
  signal: AbortSignal,
): Promise<Next> {
  const job = verifyIdentity(message, context.fleetKey);
  if (job === undefined) {
    return await give(context, { id: message.id, generation: 0 }, message.body, {
      code: "internal",
      message: "A message on the deliveries queue does not carry the fleet's signature.",
    });
  }
  const waitS = notDueForS(message, nowMs);
  if (waitS > 0) return { waitS };
  const request = await carriedBody(context.objects, job, message);
  const told = request === undefined ? undefined : addresseeOf(request);
  if (request === undefined || told === undefined) {
    return await give(context, job, message.body, {
      code: "internal",
      message:
        "The request of a postponed delivery is gone from the bucket, or names no output that this agent knows.",
    });
  }
  const sinceS = (nowMs - message.sentAt) / 1000;
  return await tryAgain(context, job, { request, output: told.output, sinceS }, signal);
}

async function tryAgain(
  context: AgentContext,
  job: JobIdentity,
  due: { request: string; output: Parameters<typeof parcelOf>[2]; sinceS: number },
  signal: AbortSignal,
): Promise<Next> {
  const { objects, clock, settings, random } = context;
  const owner = random.uuid();
  const until = clock.monotonic() + settings.visibilityTimeoutS * 1000;
  const claim = await takeClaim(objects, job, owner, settings.visibilityTimeoutS);
  if (claim.outcome === "over") return "settled";
  if (claim.outcome === "busy") return { waitS: claim.waitS };
  const result = claim.outcome === "granted" ? await objects.get(resultKey(job)) : undefined;
  if (claim.outcome === "no-result" || result === undefined) {
    return await give(context, job, due.request, {
      code: "internal",
      message: "The result of a postponed delivery is no longer in the bucket. Submit the job again.",
    });
  }
  const delivery = await offer(context, parcelOf(job, result.body, due.output), until, signal);
  if (delivery === undefined) return { waitS: 1 };
  if (delivery.ok) {
    await stateDelivered(context, job, owner);
    return "settled";
  }
  const failures = claim.failures + 1;
  if (isHopeless(delivery, failures, due.sinceS, settings.deliveryBudgetS)) {
    try {
      await park(context, job, due.request, undeliverable(delivery.reason));
    } catch (error) {
      // The dead-letter queue may be back long before the claim runs out. What fails is not the receiver, so it does not count.
      await releaseClaim(objects, job, owner, claim.etag, claim.failures);
      throw error;
    }
    await stateParked(context, job, owner, claim.etag);
    return "settled";
  }
  await releaseClaim(objects, job, owner, claim.etag, failures);
  return { waitS: redeliveryDelayS(random, due.output.type, failures, delivery.retryAfterS) };
}

function isHopeless(
  delivery: Extract<Delivery, { ok: false }>,
  failures: number,
  ageS: number,
  budgetS: number,
): boolean {
  return delivery.gone === true || (delivery.refused && failures >= REFUSALS) || ageS >= budgetS;
}

async function give(
  context: AgentContext,
  job: JobIdentity,
  request: string,
  failure: Failure,
): Promise<Next> {
  await park(context, job, request, failure);
  return "settled";
}
