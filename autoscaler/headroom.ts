import { rateNow, surgeSoFar } from "./arrivals.ts";
import type { Fleet } from "./fleet.ts";
import type { Mark, PolicyState } from "./state.ts";

const SLOWEST_DRAIN_S = 240;
const FASTEST_DRAIN_S = 15;
/** A surge may bring this many times as many jobs again as it has brought so far. */
const AS_MANY_AGAIN = 2;
/** Shorter spans tell nothing of how long a surge has lasted. */
const SHORTEST_SPAN_S = 30;
const KEEP_S = 60;
/** Above caution 1 each step of 1 keeps the fleet this many times longer. */
const KEEP_GROWTH = 8;
/** A count is rounded up only beyond this part of an instance: one more would hardly have work. */
const ROUNDING = 0.1;

// Caution 0 is a cheap way to act and 1 a careful one. Below, counts are rounded down; above, the fleet also keeps for
// long what it needed in a peak.

interface Question {
  atS: number;
  marks: readonly Mark[];
  dispersion: number;
  waiting: number;
  fleet: Fleet;
  meanServiceS: number;
  bootS: number;
  targetWaitS: number;
  caution: number;
}

/**
 * The fleet that a target shorter than a boot needs: help that is asked for now comes too late for the jobs that wait now,
 * so capacity must be there before. Load at the present rate (with caution: at the most it may be), a margin that
 * grows with the root of the load (square-root staffing), and what drains, within a time that shrinks with caution, the
 * backlog there will be when a new instance is up. The nearer the target is to a boot, the less of this is asked for.
 * Never more slots than there are jobs or may be.
 */
export function instancesWanted(question: Question): number {
  const { marks, dispersion, waiting, fleet, meanServiceS, bootS, targetWaitS, caution, atS } = question;
  const careful = Math.min(1, Math.max(0, caution));
  const bold = Math.max(0, -caution);
  const { perS, mostPerS } = rateNow(marks, dispersion);
  const tight = Math.min(1, Math.max(0, 2 - targetWaitS / bootS));
  const load = (perS + tight * careful * (mostPerS - perS)) * meanServiceS;
  const onTheWay = fleet.booting.reduce(
    (sum, one) => sum + one.slots * Math.min(bootS, Math.max(0, atS - one.launchedAtS)),
    0,
  );
  // What may wait for a good part of a boot calls for nobody.
  const tolerated = fleet.slots * Math.max(0, targetWaitS - bootS / 2) * (1 - careful / 2);
  const backlog = Math.max(0, waiting * meanServiceS + (load - fleet.slots) * bootS - onTheWay - tolerated);
  const drainS = SLOWEST_DRAIN_S * (FASTEST_DRAIN_S / SLOWEST_DRAIN_S) ** careful;
  const margin = 2 * tight * careful * Math.sqrt(load);
  const slots = Math.min(mostJobs(question), Math.max(load + margin, load + backlog / drainS));
  // However small the load, a job that waits needs somebody.
  const least = waiting > 0 ? 1 : 0;
  return Math.max(least, Math.ceil(slots / fleet.slotsEach - ROUNDING - 0.4 * bold));
}

/**
 * The jobs that there may be when an instance asked for now is up. A rate says nothing of how long it will last; how long
 * it has lasted does (Lindy's law: what has lasted so long lasts more than twice as long again in one of three cases).
 */
function mostJobs({ marks, waiting, fleet, bootS, meanServiceS }: Question): number {
  const spanS = Math.max(SHORTEST_SPAN_S, bootS, meanServiceS);
  return waiting + fleet.busySlots + AS_MANY_AGAIN * surgeSoFar(marks, spanS);
}

/** The sizes wanted over the time that a size is kept, the present one included. */
export function addWanted(
  state: PolicyState,
  atS: number,
  instances: number,
  caution: number,
): PolicyState["wanted"] {
  const keepS = KEEP_S * KEEP_GROWTH ** Math.max(0, caution - 1);
  const kept = state.wanted.filter((old) => old.atS > atS - keepS && old.instances > instances);
  // A smaller size before a larger one can never be the largest of the window.
  return [...kept, { atS, instances }];
}
