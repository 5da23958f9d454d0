import { reasonOf } from "../../base/errors.ts";
import type { AgentContext } from "../context.ts";
import type { Failure } from "../../jobs/failure.ts";
import { type AttemptRecord, type History, historyOf, recordKey } from "../../jobs/history.ts";
import type { JobIdentity } from "../../jobs/identity.ts";
import { jobPrefix } from "../../jobs/keys.ts";

/** Far above what the bounds on tries let one job collect. */
const MOST_RECORDS = 1_000;

/** One listing; only asked when the queue says that the message was received before. */
export async function readHistory({ objects }: AgentContext, job: JobIdentity): Promise<History> {
  return historyOf(job, await objects.list(jobPrefix(job), { max: MOST_RECORDS }));
}

/** Writes down what became of a try at the moment it does, so that it counts whatever becomes of this machine. */
export async function record(
  { objects, clock, settings }: AgentContext,
  job: JobIdentity,
  attemptId: string,
  what: AttemptRecord,
  why?: Pick<Failure, "code" | "message">,
): Promise<void> {
  const text = JSON.stringify({ instance: settings.instanceId, at: clock.now(), ...why });
  await objects.put(recordKey(job, attemptId, what), text, { contentType: "application/json" });
}

/** The same, when nothing depends on it. */
export async function recordIfPossible(
  ...[context, job, attemptId, what, why]: Parameters<typeof record>
): Promise<void> {
  try {
    await record(context, job, attemptId, what, why);
  } catch (error) {
    context.log.warn("record.lost", { job: job.id, record: what, reason: reasonOf(error) });
  }
}
