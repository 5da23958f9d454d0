import { fullJitterMs } from "../../base/retry.ts";
import { type JobIdentity, IDENTITY_ATTRIBUTE, signIdentity } from "../../jobs/identity.ts";
import type { AgentContext } from "../context.ts";
import type { Delivery } from "./callback.ts";

const BASE_MS = 1_000;
const CAP_MS = 300_000;
/** SQS delays a message by at most fifteen minutes; longer waits are renewed. */
const LONGEST_DELAY_S = 900;

/** Seconds until a failed delivery is tried again. @param tries failed ones so far, at least 1. */
export function redeliveryDelayS(
  context: Pick<AgentContext, "random">,
  tries: number,
  retryAfterS: number | undefined,
): number {
  const jitterS = Math.ceil(fullJitterMs(context.random, tries, BASE_MS, CAP_MS) / 1000);
  return Math.min(LONGEST_DELAY_S, Math.max(1, jitterS, retryAfterS ?? 0));
}

/**
 * Moves a delivery that failed to the deliveries queue, which holds no job slot: the machine goes on with the next
 * job while the client's server recovers. Rejects when the queue did not take it.
 */
export async function postpone(
  context: AgentContext,
  job: JobIdentity,
  body: string,
  failed: Extract<Delivery, { ok: false }>,
): Promise<void> {
  await context.queues.deliveries.send(body, {
    delayS: redeliveryDelayS(context, 1, failed.retryAfterS),
    attributes: { [IDENTITY_ATTRIBUTE]: signIdentity(job, body, context.fleetKey) },
  });
}
