import { toXmlText } from "../../schemas/xml-text.ts";
import type { Failure } from "../../jobs/failure.ts";
import type { QueueMessage } from "../../cloud/ports/queue.ts";
import { type JobIdentity, verifyIdentity } from "../../jobs/identity.ts";
import { isLetter, letterAttributes } from "../../jobs/letter.ts";
import type { AgentContext } from "../context.ts";
import { raiseAlarm } from "./alarm.ts";
import { carry } from "./carry.ts";

/** The receiver will not take it; the result stays in the bucket. */
export function undeliverable(reason: string): Failure {
  const message = `The result could not be delivered: ${reason} It is kept in the bucket, with the request here.`;
  return { code: "output-undeliverable", message };
}

const LONGEST_REASON = 1_000;

/** Puts the request into the dead-letter queue, with the reason for whoever looks. Rejects when that fails. */
export async function park(
  context: AgentContext,
  job: JobIdentity,
  request: string,
  failure: Failure,
): Promise<void> {
  const { body, attributes } = await carry(context, job, request);
  await context.queues.dead.send(body, {
    attributes: {
      ...attributes,
      ...letterAttributes({
        code: failure.code,
        // SQS refuses what XML cannot carry, and a program may have put anything into the reason.
        reason: toXmlText(failure.message.slice(0, LONGEST_REASON)),
        instance: context.settings.instanceId,
      }),
    },
  });
  void raiseAlarm(context, { event: "parked", job: job.id, code: failure.code, reason: failure.message });
  context.activity.record("parked", { job: job.id, code: failure.code, reason: failure.message });
}

/** A letter of ours that somebody moved with SQS's own redrive: it says what failed, and not what is wanted now. */
export function isMovedLetter({ fleetKey }: AgentContext, message: QueueMessage): boolean {
  return isLetter(message) && verifyIdentity(message, fleetKey) !== undefined;
}

/** Puts it back as it is, to be replayed. Rejects when that fails. */
export async function putBack(context: AgentContext, { id, body, attributes }: QueueMessage): Promise<void> {
  await context.queues.dead.send(body, { attributes });
  context.log.warn("letter.put-back", { message: id });
}
