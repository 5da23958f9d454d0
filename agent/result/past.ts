import type { Objects } from "../../cloud/ports/objects.ts";
import type { JobIdentity } from "../../jobs/identity.ts";
import { attemptKey, attemptsPrefix, jobPrefix, resultKey } from "../../jobs/keys.ts";
import type { Failure } from "../../jobs/failure.ts";

/** What earlier receivers of a message left behind. */
export interface Past {
  hasResult: boolean;
  /** Tries that failed by the job's own fault. */
  failures: number;
}

export const NO_PAST: Past = { hasResult: false, failures: 0 };

/** One listing; only asked when the queue says that the message was received before. */
export async function readPast(objects: Objects, job: JobIdentity): Promise<Past> {
  const keys = await objects.list(jobPrefix(job), { max: 1_000 });
  return {
    hasResult: keys.includes(resultKey(job)),
    failures: keys.filter((key) => key.startsWith(attemptsPrefix(job))).length,
  };
}

/** Records a failed try at the moment it fails, so that it counts whatever becomes of this machine. */
export async function recordFailure(
  objects: Objects,
  job: JobIdentity,
  attempt: { attemptId: string; instanceId: string; at: number },
  failure: Failure,
): Promise<void> {
  const record = JSON.stringify({ ...attempt, code: failure.code, message: failure.message });
  await objects.put(attemptKey(job, attempt.attemptId), record, { contentType: "application/json" });
}
