import type { Fleet } from "./fleet.ts";
import type { PolicyState } from "./state.ts";

/** Idleness must last this long before it is believed: longer than chance needs to fill a few slots … */
const SHORTEST_WINDOW_S = 120;
/** … which with long jobs takes as long as a job, up to a limit. */
const LONGEST_WINDOW_S = 300;
/** A window is full when the next observation would fall out of it. */
const NEARLY_S = 15;
/** A surplus that would be launched again sooner than this many boots later is kept. */
const BOOTS_WORTH = 3;
const GAP_BUCKETS = 12;
const SHORTEST_GAP_S = 10;
/** The last instance never waits longer for work than this many boots. */
const MOST_BOOTS_KEPT = 4;
/** What stands ready for jobs that cannot wait for a boot stays this many boots at least. */
const LEAST_BOOTS_READY = 3;

/** Busy instances lately, a new observation added. While jobs wait, every ready instance is needed. */
export function addUsage(
  state: PolicyState,
  atS: number,
  waiting: number,
  fleet: Fleet,
): PolicyState["usage"] {
  const busy = waiting > 0 ? fleet.ready.length : fleet.busySlots / fleet.slotsEach;
  return [...state.usage.filter((old) => old.atS > atS - LONGEST_WINDOW_S), { atS, busy }];
}

interface Question {
  usage: PolicyState["usage"];
  fleet: Fleet;
  allowedS: number;
  bootS: number;
  meanServiceS: number;
}

/**
 * How many ready instances can go when jobs may wait: what was idle over the window. Of an instance that was needed part
 * of the time, too, if the queue can hold the work it did for several boots: waiting is free within the target.
 */
export function idleInstances({ usage, fleet, allowedS, bootS, meanServiceS }: Question): number {
  const windowS = Math.min(LONGEST_WINDOW_S, Math.max(SHORTEST_WINDOW_S, meanServiceS));
  const nowS = usage.at(-1)?.atS ?? 0;
  const recent = usage.filter(({ atS }) => atS > nowS - windowS);
  const knownS = nowS - (recent[0]?.atS ?? nowS);
  if (fleet.ready.length < 2 || knownS < windowS - NEARLY_S) return 0;
  const load = recent.reduce((sum, { busy }) => sum + busy, 0) / recent.length;
  const whole = Math.floor(load);
  const part = load - whole;
  const holds = part * BOOTS_WORTH * bootS <= allowedS * Math.max(whole, 0.5);
  return fleet.ready.length - Math.max(1, holds ? whole : whole + 1);
}

/** Where a bucket of gaps ends. */
const edgeS = (bucket: number): number => SHORTEST_GAP_S * 2 ** bucket;
/** What its gaps are taken for. */
const middleS = (bucket: number): number => edgeS(bucket - 0.5);

/** Notes how long the fleet was without any work, each time work comes back. */
export function addGap(gaps: readonly number[], gapS: number): number[] {
  const bucket = Math.min(
    GAP_BUCKETS - 1,
    Math.max(0, Math.floor(Math.log2(Math.max(gapS, 1) / SHORTEST_GAP_S) + 1)),
  );
  const counts = Array.from({ length: GAP_BUCKETS }, (_, at) => (gaps[at] ?? 0) * 0.98);
  counts[bucket] = (counts[bucket] ?? 0) + 1;
  return counts;
}

/**
 * How long a fleet whose jobs cannot wait for a boot stands ready without any work, seconds. A few boots at least; and when
 * longer gaps are known, so long that the share of them that ends too late is the one that may. The longest of all are
 * nights and weekends, which nobody waits through.
 */
export function standbyS(gaps: readonly number[], targetShare: number, bootS: number): number {
  const leastS = LEAST_BOOTS_READY * bootS;
  const long = gaps.slice(0, GAP_BUCKETS - 1).map((count, bucket) => (edgeS(bucket) > leastS ? count : 0));
  let longer = long.reduce((sum, count) => sum + count, 0);
  const mayBeLonger = (1 - targetShare) * longer;
  let staysS = leastS;
  for (const [bucket, count] of long.entries()) {
    if (longer <= mayBeLonger) break;
    longer -= count;
    staysS = Math.max(leastS, edgeS(bucket));
  }
  return staysS;
}

/** What costs so little more than the best is as good: the record is short, and whoever stays starts the next job at once. */
const AS_GOOD = 1.25;

/**
 * How long the last instance waits for work before it goes, seconds: the ski rental problem. Without knowledge, one boot
 * time, which never costs more than twice the best; with a record of gaps, what would have cost least on them (Karlin et
 * al., Algorithmica 11, 1994), or what is as good and boots less often.
 */
export function patienceS(gaps: readonly number[], bootS: number): number {
  const edges = Array.from({ length: GAP_BUCKETS }, (_, bucket) => edgeS(bucket));
  const choices = [bootS, 0, ...edges.filter((choice) => choice <= MOST_BOOTS_KEPT * bootS)].map((keepS) => ({
    keepS,
    cost: expectedCost(gaps, keepS, bootS),
    boots: gaps.reduce((sum, count, bucket) => sum + (middleS(bucket) > keepS ? count : 0), 0),
  }));
  const least = Math.min(...choices.map(({ cost }) => cost));
  const [best] = choices
    .filter(({ cost }) => cost <= AS_GOOD * least)
    .toSorted((left, right) => left.boots - right.boots || left.cost - right.cost);
  return best?.keepS ?? bootS;
}

/**
 * A few imagined gaps stand for what is not known yet: most of them shorter than a boot, some of them without end, which
 * makes a boot's time the best guess.
 */
const IMAGINED = 3;
const SHORT_SHARE = 0.8;

function expectedCost(gaps: readonly number[], keepS: number, bootS: number): number {
  const cost = (gapS: number) => (gapS <= keepS ? gapS : keepS + bootS);
  let sum = IMAGINED * (1 - SHORT_SHARE) * (keepS + bootS);
  for (const [bucket, count] of gaps.entries()) sum += count * cost(middleS(bucket));
  for (let part = 0; part < 8; part++)
    sum += ((IMAGINED * SHORT_SHARE) / 8) * cost(((part + 0.5) / 8) * bootS);
  return sum;
}
