import { brokenInvariants } from "./checker.ts";
import { type Call, isDistinct, isLocal, isOfTheCall, type Mishap } from "./faults.ts";
import type { Host } from "./host.ts";
import type { JobKind } from "./kinds.ts";
import { comeToRest, leave, type Played } from "./rest.ts";
import { World, type WorldOptions } from "./world.ts";

/** One mishap at the n-th counted call of all agents together; from 1. */
export interface Fault {
  at: number;
  mishap: Mishap;
}

/** A call at which a fault can be. */
interface Counted extends Call {
  /** The call before, when its agent did nothing else since, it has ended, and no time has passed. */
  follows: Call | undefined;
  /** Its place is out of reach already. */
  isRefused: boolean;
}

export interface PlayedSchedule extends Played {
  /** The counted calls, in order. */
  calls: readonly Counted[];
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
): Promise<PlayedSchedule> {
  const calls: Counted[] = [];
  let left = faults.length;
  let last: { host: Host; atMs: number; call: Call } | undefined;
  const world = new World({
    ...kind.world,
    ...options,
    seed: options.seed ?? 1,
    meet: (host, call) => {
      if (!isCounted(call)) return undefined;
      const atMs = world.clock.monotonic();
      const follows = last?.host === host && last.atMs === atMs && isAlone(host) ? last.call : undefined;
      last = { host, atMs, call };
      const at = calls.push({ ...call, follows, isRefused: host.isCut(call.port) });
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
function isCounted({ name }: Call): boolean {
  return !isAside(name);
}

const isAside = (name: string) => name.endsWith(".receive") || /^(disk|store)\./.test(name);

/** Nothing else of this agent is under way but long polls and its log. */
function isAlone({ open }: Host): boolean {
  let under = 0;
  for (const [name, calls] of open) if (!isAside(name)) under += calls;
  return under === 1;
}

/** Worlds that are played side by side: each waits for the event loop at every step, which serves all of them at once. */
export const SIDE_BY_SIDE = 16;

/**
 * Every schedule of up to `depth` faults: the calls that a schedule makes are where its next fault can be. Yields the faults of each
 * schedule just played.
 */
export async function* enumerate(
  kind: JobKind,
  depth: number,
  mishaps: readonly Mishap[],
): AsyncGenerator<{ faults: readonly Fault[]; played: PlayedSchedule }> {
  const begun: (readonly Fault[])[] = [[]];
  while (begun.length > 0) {
    const batch = begun.splice(-SIDE_BY_SIDE);
    const games = await Promise.all(
      batch.map(async (faults) => ({ faults, played: await playSchedule(kind, faults) })),
    );
    for (const { faults, played } of games) {
      if (faults.length < depth) begun.push(...onwards(faults, played.calls, mishaps));
      yield { faults, played };
    }
  }
}

/** A schedule with one more fault, after those it has. */
function onwards(
  faults: readonly Fault[],
  calls: readonly Counted[],
  mishaps: readonly Mishap[],
): (readonly Fault[])[] {
  const from = faults.at(-1)?.at ?? 0;
  return calls.slice(from).flatMap((call, i) => {
    const before = i === 0 ? undefined : call.follows; // what a fault has just met is not met by another
    const own = mishaps.filter((it) => isWorldOfItsOwn(it, { ...call, follows: before }));
    return own.map((mishap) => [...faults, { at: from + i + 1, mishap }]);
  });
}

/**
 * Dying before a call is dying after the one before, when nothing lies between them; so is stopping, when the one before
 * changed nothing that others see. What is out of reach cannot be harmed any more.
 */
function isWorldOfItsOwn(mishap: Mishap, call: Counted): boolean {
  if (!isDistinct(mishap, call)) return false;
  if (call.isRefused && isOfTheCall(mishap)) return false;
  if (mishap === "dies-before") return call.follows === undefined;
  if (mishap === "freezes-before") return call.follows === undefined || !isLocal(call.follows);
  return true;
}
