import { withDeadline, withSignal } from "../../base/clock.ts";
import { DroverError, reasonOf } from "../../base/errors.ts";
import { retry } from "../../base/retry.ts";
import type { JobIdentity } from "../../jobs/identity.ts";
import type { AgentContext } from "../context.ts";
import { markDelivered, markParked } from "./claims.ts";

/**
 * Repeats until it works: what comes after must not happen before. Bounded by the lease, through the signal, also when
 * a call hangs: what it does after that is one more unknown outcome.
 */
export async function insist(
  context: AgentContext,
  signal: AbortSignal,
  work: () => Promise<unknown>,
): Promise<void> {
  await retry(
    context,
    {
      baseMs: 200,
      capMs: 5_000,
      signal,
      giveUp: () => false,
      onRetry: (error) => context.log.warn("settle.retry", { reason: reasonOf(error) }),
    },
    () => withSignal(signal, work()),
  );
}

/** How long a statement of what became of a delivery is tried, whatever became of the lease. */
const STATEMENT_MS = 10_000;

/** A fact, harmless whoever states it: so neither a lost lease nor a stopping agent keeps us from stating it. */
export async function stateDelivered(context: AgentContext, job: JobIdentity, owner: string): Promise<void> {
  await state(context, job, "delivered.unrecorded", () => markDelivered(context.objects, job, owner));
}

/** The same of a delivery that was given up, after it was parked. @param etag of our claim: see markParked */
export async function stateParked(
  context: AgentContext,
  job: JobIdentity,
  owner: string,
  etag: string | undefined,
): Promise<void> {
  await state(context, job, "parked.unrecorded", () => markParked(context.objects, job, owner, etag));
}

async function state(
  context: AgentContext,
  job: JobIdentity,
  event: string,
  statement: () => Promise<void>,
): Promise<void> {
  try {
    await withDeadline(context.clock, STATEMENT_MS, tooLate, (signal) => insist(context, signal, statement));
  } catch (error) {
    context.log.warn(event, { job: job.id, reason: reasonOf(error) });
  }
}

function tooLate(): DroverError {
  return new DroverError("cloud-unreachable", "The bucket did not answer in time.");
}
