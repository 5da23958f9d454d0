import { remainingBoots } from "./boots.ts";
import type { Fleet } from "./fleet.ts";
import type { Departures } from "./services.ts";
import type { Mark } from "./state.ts";

const BOOT_STEP_S = 10;
/** Standard deviations of the boots' chance that must be covered. */
const MARGIN = 0.8;
/** The part of the boots that must be over for a launch to count as help. */
const HELPED = 0.8;

export interface Outlook {
  marks: readonly Mark[];
  waiting: number;
  fleet: Fleet;
  departures: Departures;
  /** Equally likely boot times, seconds. */
  boots: readonly number[];
}

/**
 * How many more instances the jobs that wait need in order to start within `allowedS` of being sent. Jobs start in order,
 * so for each moment a number of starts is due; ready slots, and booting ones when they come, give so many; what lacks
 * is divided by what one new instance gives by then. Never counts on work that ends before a boot would. Boots are
 * chance: a margin of their standard deviation is asked for, which few instances feel and many do not.
 */
export function launchesFor(outlook: Outlook, allowedS: number): number {
  const { marks, waiting, fleet, boots, departures } = outlook;
  const nowS = marks.at(-1)?.atS ?? 0;
  const starts = expectedStarts(outlook);
  // A moment that most boots would miss cannot be helped by a launch; the newest jobs always ask.
  const helpedS = boots[Math.floor(HELPED * boots.length)] ?? 0;
  let needed = 0;
  let newer = 0;
  for (let at = marks.length - 1; at >= 0 && newer < waiting; at--) {
    const mark = marks[at] as Mark;
    const before = marks[at - 1];
    const sentAtS = before === undefined ? mark.atS : (mark.atS + before.atS) / 2;
    const dueS = sentAtS + allowedS - nowS;
    if (dueS < helpedS && at < marks.length - 1) break;
    const fresh = newStarts(departures, fleet.slotsEach, boots, 0, dueS);
    needed = Math.max(needed, instancesFor(waiting - newer, starts(dueS), fresh));
    newer += mark.arrived - (before?.arrived ?? -Infinity);
  }
  return needed;
}

/** Whether all jobs that wait start within `allowedS` of being sent, with a margin, and nothing launched. */
export function allInTime(outlook: Outlook, allowedS: number): boolean {
  const { marks, waiting } = outlook;
  const nowS = marks.at(-1)?.atS ?? 0;
  const starts = expectedStarts(outlook);
  let newer = 0;
  for (let at = marks.length - 1; at >= 0 && newer < waiting; at--) {
    const mark = marks[at] as Mark;
    const { mean, variance } = starts(Math.max(0, mark.atS + allowedS - nowS));
    if (mean - MARGIN * Math.sqrt(variance) < waiting - newer) return false;
    newer += mark.arrived - (marks[at - 1]?.arrived ?? -Infinity);
  }
  return true;
}

/** Starts by some time: their expected number and its variance. */
interface Starts {
  mean: number;
  variance: number;
}

/** The smallest number n for which the mean of all starts, less the margin, reaches `due`. */
function instancesFor(due: number, known: Starts, each: Starts): number {
  const lacking = due - known.mean;
  if (each.mean <= 0 || lacking + MARGIN * Math.sqrt(known.variance) <= 0) return 0;
  let needed = 0;
  // The margin grows with the root of n only, so this settles at once.
  for (let round = 0; round < 6; round++) {
    const margin = MARGIN * Math.sqrt(known.variance + needed * each.variance);
    needed = Math.max(0, lacking + margin) / each.mean;
  }
  return needed;
}

/** Job starts by a time from now, with the fleet as it is. */
function expectedStarts({ marks, fleet, departures, boots }: Outlook): (withinS: number) => Starts {
  const ages = new Map<number, number>();
  const nowS = marks.at(-1)?.atS ?? 0;
  for (const { launchedAtS } of fleet.booting) {
    const step = Math.floor((nowS - launchedAtS) / BOOT_STEP_S) * BOOT_STEP_S;
    ages.set(step, (ages.get(step) ?? 0) + 1);
  }
  return (withinS) => {
    const free = fleet.slots - fleet.busySlots;
    let mean =
      free * (1 + departures.ofFreshSlot(withinS)) + fleet.busySlots * departures.ofBusySlot(withinS);
    // Whether a long job ends in time is chance, too; of short ones, many end and their average is sure.
    const ends = Math.min(1, departures.ofBusySlot(withinS));
    let variance = fleet.busySlots * ends * (1 - ends);
    for (const [ageS, count] of ages) {
      const one = newStarts(departures, fleet.slotsEach, boots, ageS, withinS);
      mean += count * one.mean;
      variance += count * one.variance;
    }
    return { mean, variance };
  };
}

/** Starts on one instance that has been booting for `ageS`. */
function newStarts(
  departures: Departures,
  slots: number,
  boots: readonly number[],
  ageS: number,
  withinS: number,
): Starts {
  const remaining = remainingBoots(boots, ageS);
  let [sum, squares] = [0, 0];
  for (const bootS of remaining) {
    const starts = bootS <= withinS ? slots * (1 + departures.ofFreshSlot(withinS - bootS)) : 0;
    sum += starts;
    squares += starts * starts;
  }
  const count = Math.max(1, remaining.length);
  return { mean: sum / count, variance: Math.max(0, squares / count - (sum / count) ** 2) };
}

/**
 * How many launches it takes so that one of them is up within `withinS` with probability `share`. Only matters when
 * nothing is up: then a single slow boot would make every job late.
 */
export function insurance(boots: readonly number[], withinS: number, share: number): number {
  const late = boots.filter((bootS) => bootS > withinS).length / boots.length;
  if (late === 0 || late === 1) return 1;
  return Math.ceil(Math.log(1 - share) / Math.log(late) - 1e-9);
}
