import { withDeadline } from "../../base/clock.ts";
import { DroverError, reasonOf } from "../../base/errors.ts";
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
import { insist, stateDelivered, stateParked } from "./insist.ts";
import { offer, parcelOf } from "./offer.ts";
import { isMovedLetter, park, putBack, undeliverable } from "./park.ts";
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
  const { objects, clock, settings, random, fleetKey } = context;
  const job = verifyIdentity(message, fleetKey);
  if (job === undefined) {
    const reason = "A message on the deliveries queue does not carry the fleet's signature.";
    await park(context, { id: message.id, generation: 0 }, message.body, internal(reason));
    return "settled";
  }
  if (isMovedLetter(context, message)) {
    await putBack(context, message);
    return "settled";
  }
  const waitS = notDueForS(message, nowMs);
  if (waitS > 0) return { waitS };
  const owner = random.uuid();
  const until = clock.monotonic() + settings.visibilityTimeoutS * 1000;
  const claim = await takeClaim(objects, job, owner, settings.visibilityTimeoutS);
  switch (claim.outcome) {
    case "delivered":
    case "parked":
      return "settled";
    case "busy":
      return { waitS: claim.waitS };
    case "no-result":
      await park(context, job, message.body, internal(RESULT_GONE));
      return "settled";
    case "granted": {
      const { etag, failures } = claim;
      const sinceS = (nowMs - message.sentAt) / 1000;
      return await tryAgain(context, { message, job, owner, until, etag, failures, sinceS, signal });
    }
  }
}

/** A postponed delivery, and our claim to it. */
interface Due {
  message: QueueMessage;
  job: JobIdentity;
  owner: string;
  /** Monotonic milliseconds at which the claim ends. */
  until: number;
  etag: string;
  failures: number;
  /** Since it was postponed. */
  sinceS: number;
  signal: AbortSignal;
}

async function tryAgain(context: AgentContext, due: Due): Promise<Next> {
  const { objects, random, settings } = context;
  const { message, job, owner, until, etag, signal } = due;
  const [request, result] = await Promise.all([
    carriedBody(objects, job, message),
    objects.get(resultKey(job)),
  ]);
  const told = request === undefined ? undefined : addresseeOf(request);
  if (request === undefined || told === undefined) {
    return await giveUp(context, due, request ?? message.body, internal(REQUEST_GONE));
  }
  if (result === undefined) return await giveUp(context, due, request, internal(RESULT_GONE));
  const delivery = await offer(context, parcelOf(job, result.body, told.output), until, signal);
  if (delivery === undefined) return { waitS: 1 };
  if (delivery.ok) {
    await stateDelivered(context, job, owner);
    return "settled";
  }
  const failures = due.failures + 1;
  if (isHopeless(delivery, failures, due.sinceS, settings.deliveryBudgetS)) {
    return await giveUp(context, due, request, undeliverable(delivery.reason));
  }
  await releaseClaim(objects, job, owner, etag, failures);
  return { waitS: redeliveryDelayS(random, told.output.type, failures, delivery.retryAfterS) };
}

function isHopeless(
  delivery: Extract<Delivery, { ok: false }>,
  failures: number,
  ageS: number,
  budgetS: number,
): boolean {
  return delivery.gone === true || (delivery.refused && failures >= REFUSALS) || ageS >= budgetS;
}

/** Its receiver is not asked again while the dead-letter queue is away: not before the claim has run out. */
async function giveUp(context: AgentContext, due: Due, request: string, failure: Failure): Promise<Next> {
  const { job, owner, until, etag, failures } = due;
  const leftMs = Math.max(0, until - context.clock.monotonic());
  const parking = (signal: AbortSignal) =>
    insist(context, signal, () => park(context, job, request, failure));
  try {
    await withDeadline(context.clock, leftMs, noAnswer, parking, due.signal);
  } catch (error) {
    // What fails is not the receiver, so it does not count.
    await releaseClaim(context.objects, job, owner, etag, failures);
    throw error;
  }
  await stateParked(context, job, owner, etag);
  return "settled";
}

const noAnswer = () => new DroverError("cloud-unreachable", "The dead-letter queue did not answer in time.");

const REQUEST_GONE =
  "The request of a postponed delivery is gone from the bucket, or names no output that this agent knows.";
const RESULT_GONE = "The result of a postponed delivery is no longer in the bucket. Submit the job again.";

function internal(message: string): Failure {
  return { code: "internal", message };
}
