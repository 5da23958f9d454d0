import type { Check } from "./check.ts";
import type { Target } from "./target.ts";
import { makeBucket, openWorld } from "./world.ts";

export interface Outcome {
  id: string;
  says: string;
  source: string;
  result: "passed" | "failed" | "skipped";
  ms: number;
  /** Why it failed or was skipped. */
  reason?: string;
}

/** Thrown by a check that the target cannot be asked. */
export class Skipped extends Error {}

/** Long polls and visibility timeouts take seconds; nothing takes a minute. */
const CHECK_MS = 60_000;

/** Runs checks, `parallel` at a time, and removes whatever they made. Outcomes come in the order of the checks. */
export async function runChecks(
  target: Target,
  checks: readonly Check[],
  parallel: number,
  told: (outcome: Outcome) => void = () => undefined,
): Promise<Outcome[]> {
  const works: (() => Promise<unknown>)[] = [];
  const bucket = await makeBucket(target, (work) => void works.push(work));
  const outcomes = new Map<Check, Outcome>();
  const left = checks.values();
  const worker = async () => {
    for (const check of left) {
      const outcome = await runCheck(target, bucket, check);
      outcomes.set(check, outcome);
      told(outcome);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  for (const work of works) await work();
  return checks.flatMap((check) => outcomes.get(check) ?? []);
}

async function runCheck(target: Target, bucket: string, check: Check): Promise<Outcome> {
  const { id, says, source } = check;
  const { world, cleanUp } = openWorld(target, bucket);
  const started = performance.now();
  const since = () => Math.round(performance.now() - started);
  let failure: unknown;
  try {
    await withLimit(check.run(world));
  } catch (error) {
    failure = error;
  }
  const [left] = await cleanUp();
  failure ??= left;
  if (failure instanceof Skipped)
    return { id, says, source, result: "skipped", ms: since(), reason: failure.message };
  return failure === undefined
    ? { id, says, source, result: "passed", ms: since() }
    : { id, says, source, result: "failed", ms: since(), reason: describe(failure) };
}

async function withLimit(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${CHECK_MS / 1000} seconds`)), CHECK_MS);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

function describe(failure: unknown): string {
  return failure instanceof Error ? `${failure.name}: ${failure.message}` : String(failure);
}
