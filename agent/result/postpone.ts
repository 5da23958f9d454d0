import type { Random } from "../../base/random.ts";
import { fullJitterMs } from "../../base/retry.ts";
import type { QueueMessage } from "../../cloud/ports/queue.ts";
import type { JobIdentity } from "../../jobs/identity.ts";
import type { Destination } from "../admit/admit.ts";
import type { AgentContext } from "../context.ts";
import { type Delivery, LONGEST_RETRY_AFTER_S } from "./callback.ts";
import { carry } from "./carry.ts";

const BASE_MS = 1_000;
/** A client's server is spared while it is down. Our own queue needs nobody's mercy: once it is back, so are its results. */
const CAP_MS = { callback: 300_000, queue: 30_000, store: 30_000, unknown: 30_000 } as const;
/** SQS delays a message by at most fifteen minutes; a longer wait is renewed on receipt. */
const LONGEST_DELAY_S = 900;
/** Seconds from the sending of the message, by the queue's clock, in which the receiver is left alone. */
const PAUSE_ATTRIBUTE = "drover-pause-s";

/** Seconds until a failed delivery is tried again. @param failures so far, at least 1. */
export function redeliveryDelayS(
  random: Random,
  to: keyof typeof CAP_MS,
  failures: number,
  retryAfterS: number | undefined,
): number {
  const jitterS = Math.ceil(fullJitterMs(random, failures, BASE_MS, CAP_MS[to]) / 1000);
  return Math.max(1, jitterS, retryAfterS ?? 0);
}

/**
 * Moves a delivery that failed to the deliveries queue, which holds no job slot: the machine goes on with the next
 * job while the client's server recovers. Rejects when the queue did not take it.
 */
export async function postpone(
  context: AgentContext,
  job: JobIdentity,
  request: string,
  to: Destination["type"],
  failed: Extract<Delivery, { ok: false }>,
): Promise<void> {
  const delayS = redeliveryDelayS(context.random, to, 1, failed.retryAfterS);
  const { body, attributes } = await carry(context, job, request);
  await context.queues.deliveries.send(body, {
    delayS: Math.min(delayS, LONGEST_DELAY_S),
    attributes: { ...attributes, [PAUSE_ATTRIBUTE]: String(delayS) },
  });
}

/** Seconds until a postponed delivery is due; 0 when it is. @param nowMs by the queue's clock */
export function notDueForS(
  { attributes, sentAt }: Pick<QueueMessage, "attributes" | "sentAt">,
  nowMs: number,
): number {
  const pauseS = Math.min(LONGEST_RETRY_AFTER_S, Number(attributes[PAUSE_ATTRIBUTE] ?? 0));
  const leftS = Math.ceil(pauseS - (nowMs - sentAt) / 1000);
  // Before it was sent? Then the clock is not the queue's after all, and must not bury a result.
  return leftS > 0 && leftS <= pauseS ? leftS : 0;
}
