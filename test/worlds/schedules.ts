import { brokenInvariants } from "./checker.ts";
import { type Call, isDistinct, type Mishap } from "./faults.ts";
import type { JobKind } from "./kinds.ts";
import { comeToRest, leave } from "./rest.ts";
import { World, type WorldOptions } from "./world.ts";

/** One mishap at the n-th counted call of all agents together; from 1. */
export interface Fault {
  at: number;
  mishap: Mishap;
}

export interface Played {
  world: World;
  /** The counted calls, in order. */
  calls: readonly Call[];
  problems: readonly string[];
}

export type ScheduleOptions = Omit<WorldOptions, "seed" | "meet"> & {
  seed?: number;
  /** Faults may lie beyond the last call. */
  mayMiss?: boolean;
};

/**
 * One job, and the given faults on its way. An agent that is lost is replaced at once, one that is stopped or cut off gets
 * company. Then everything must come to rest within two visibility timeouts, and the invariants must hold.
 */
export async function playSchedule(
  kind: JobKind,
  faults: readonly Fault[],
  options: ScheduleOptions = {},
): Promise<Played> {
  const calls: Call[] = [];
  let left = faults.length;
  const world = new World({
    ...kind.world,
    ...options,
    seed: options.seed ?? 1,
    meet: (_, call) => {
      if (!isCounted(call)) return undefined;
      const at = calls.push(call);
      const fault = faults.find((it) => it.at === at);
      if (fault !== undefined) left--;
      return fault?.mishap;
    },
  });
  await world.submit(kind);
  world.start();
  const problems = [...(await comeToRest(world, kind.needsS)), ...(await leave(world))];
  if (left > 0 && !options.mayMiss) problems.push(`${left} of the scheduled faults never happened`);
  return { world, calls, problems: [...problems, ...brokenInvariants(world)] };
}

/** Long polls come in any number, and the log is not on a job's way. */
function isCounted({ name, port }: Call): boolean {
  return !name.endsWith(".receive") && port !== "disk" && port !== "store";
}

/**
 * Every schedule of up to `depth` faults: the calls that a schedule makes are where its next fault can be. Yields the faults of each
 * schedule just played.
 */
export async function* enumerate(
  kind: JobKind,
  depth: number,
  mishaps: readonly Mishap[],
  options: ScheduleOptions = {},
): AsyncGenerator<{ faults: readonly Fault[]; played: Played }> {
  const begun: (readonly Fault[])[] = [[]];
  for (let faults = begun.pop(); faults !== undefined; faults = begun.pop()) {
    const played = await playSchedule(kind, faults, options);
    yield { faults, played };
    if (faults.length === depth) continue;
    const from = faults.at(-1)?.at ?? 0;
    for (const [i, call] of played.calls.entries()) {
      if (i < from) continue;
      for (const mishap of mishaps) {
        if (isDistinct(mishap, call)) begun.push([...faults, { at: i + 1, mishap }]);
      }
    }
  }
}
