import { reasonOf } from "../../base/errors.ts";
import { retry } from "../../base/retry.ts";
import { claimLeftS, claimMetadata, claimOf } from "../../jobs/claim.ts";
import type { JobIdentity } from "../../jobs/identity.ts";
import { resultKey } from "../../jobs/keys.ts";
import type { AgentContext } from "../context.ts";

/**
 * `ours`: the result of this attempt stands, and we alone may deliver it until `deliverUntil` (monotonic
 * milliseconds). `theirs`: another attempt was first; its holder delivers, ask again after `waitS`.
 */
export type Commit = { outcome: "ours"; deliverUntil: number } | { outcome: "theirs"; waitS: number };

const RETRY_BASE_MS = 200;
const RETRY_CAP_MS = 5_000;

/**
 * Writes the job's one result, under the condition that there is none yet. This is the only fence: whoever loses
 * it has no effect. Tries until it has an answer or the signal aborts (lease lost, agent stopping).
 */
export async function commitResult(
  context: AgentContext,
  job: JobIdentity,
  attemptId: string,
  xml: string,
  park: boolean,
  signal: AbortSignal,
): Promise<Commit> {
  const { objects, clock, log, settings } = context;
  const claimS = settings.visibilityTimeoutS;
  const key = resultKey(job);
  const metadata = claimMetadata({ owner: attemptId, state: "held", claimS, failures: 0 }, park);
  return await retry(
    context,
    {
      baseMs: RETRY_BASE_MS,
      capMs: RETRY_CAP_MS,
      signal,
      giveUp: () => false, // the lease bounds it: while the message is ours, so is the duty
      onRetry: (error, attempt) =>
        log.warn("commit.retry", { job: job.id, attempt, reason: reasonOf(error) }),
    },
    async () => {
      // Measured from before the write: a stranger counts from the store's later time.
      const deliverUntil = clock.monotonic() + claimS * 1000;
      const put = await objects.put(key, xml, {
        contentType: "application/xml; charset=utf-8",
        metadata,
        condition: "absent",
      });
      if (put.outcome === "stored") return { outcome: "ours", deliverUntil };
      const winner = await objects.head(key);
      if (winner === undefined) throw new Error("the result was refused as existing and is not there");
      // It may be our own write whose answer was lost.
      const claim = claimOf(winner.metadata);
      if (claim.owner === attemptId) {
        const ageMs = winner.storeNow - winner.lastModified + 1_000;
        return { outcome: "ours", deliverUntil: clock.monotonic() + Math.max(0, claimS * 1000 - ageMs) };
      }
      return { outcome: "theirs", waitS: claimLeftS(claim, winner) };
    },
  );
}
