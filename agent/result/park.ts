import { type JobIdentity, IDENTITY_ATTRIBUTE, signIdentity } from "../../jobs/identity.ts";
import type { Failure } from "../../jobs/failure.ts";
import type { AgentContext } from "../context.ts";

const LONGEST_REASON = 1_000;

/** Puts the request into the dead-letter queue, with the reason for whoever looks. Rejects when that fails. */
export async function park(
  context: AgentContext,
  job: JobIdentity,
  body: string,
  failure: Failure,
): Promise<void> {
  await context.queues.dead.send(body, {
    attributes: {
      [IDENTITY_ATTRIBUTE]: signIdentity(job, body, context.fleetKey),
      "drover-code": failure.code,
      "drover-reason": failure.message.slice(0, LONGEST_REASON),
      "drover-instance": context.settings.instanceId,
    },
  });
  context.activity.record("parked", { job: job.id, code: failure.code, reason: failure.message });
}
