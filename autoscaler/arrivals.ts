import type { Mark, PolicyState } from "./state.ts";

/** Old marks may lie this share of their age apart: enough for every window below, and the state stays small. */
const RESOLUTION = 1 / 32;
const SHORTEST_S = 30;
const LONGEST_S = 3840;
/** Two estimates contradict each other when they are this many standard deviations apart on both sides. */
const DEVIATIONS = 2;
const BIN_S = 60;
/** A hundred minutes of memory for the dispersion, and no single minute may dominate it. */
const BIN_MEMORY = 0.99;
const MOST_PER_BIN = 50;
/** A span that brought less than this part of what the newest brought is not of the same surge. */
const SAME_SURGE = 0.1;

/** Adds a mark and forgets what no window needs. `keepS`: how far back jobs may still be of interest. */
export function addMark(marks: readonly Mark[], mark: Mark, keepS: number): Mark[] {
  const from = mark.atS - Math.max(keepS, LONGEST_S) - SHORTEST_S;
  const kept: Mark[] = [];
  for (const [at, old] of marks.entries()) {
    if (old.atS < from || old.atS >= mark.atS) continue;
    const last = kept.at(-1);
    // Dropping one widens the step to the next, so it is the next that must be near enough.
    const next = marks[at + 1] ?? mark;
    if (last === undefined || next.atS - last.atS > (mark.atS - old.atS) * RESOLUTION) kept.push(old);
  }
  return [...kept, mark];
}

/** How many of `count` jobs had come by `atS`, between marks in proportion. */
export function countAt(marks: readonly Mark[], atS: number, count: "arrived" | "started"): number {
  let [low, high] = [0, marks.length - 1];
  const [first, last] = [marks[0], marks[high]];
  if (first === undefined || last === undefined || atS <= first.atS) return first?.[count] ?? 0;
  if (atS >= last.atS) return last[count];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((marks[middle] as Mark).atS <= atS) low = middle;
    else high = middle;
  }
  const [left, right] = [marks[low] as Mark, marks[high] as Mark];
  return left[count] + ((right[count] - left[count]) * (atS - left.atS)) / (right.atS - left.atS);
}

export interface Rate {
  /** Arrivals a second, and what they may be at most if the last minutes were an unlucky draw. */
  perS: number;
  mostPerS: number;
}

/**
 * The present rate of arrivals: from the longest window that no shorter one contradicts (Lepski's rule; Theory of
 * Probability and its Applications 35, 1991). A steady rate is thus averaged over an hour, a jump is believed after half a
 * minute, and a window's error is judged by how much these arrivals vary, not by what a Poisson process would do.
 */
export function rateNow(marks: readonly Mark[], dispersion: number): Rate {
  const last = marks.at(-1);
  const first = marks[0];
  if (last === undefined || first === undefined) return { perS: 0, mostPerS: 0 };
  let [low, high, perS] = [0, Infinity, 0];
  for (let windowS = SHORTEST_S; windowS <= LONGEST_S; windowS *= 2) {
    const fromS = Math.max(first.atS, last.atS - windowS);
    const spanS = Math.max(last.atS - fromS, SHORTEST_S / 3);
    const count = last.arrived - countAt(marks, fromS, "arrived");
    const error = DEVIATIONS * Math.sqrt(dispersion * count + dispersion);
    const least = Math.max(low, (count - error) / spanS);
    const most = Math.min(high, (count + error) / spanS);
    if (least > most) break;
    [low, high] = [least, most];
    perS = Math.min(Math.max(count / spanS, low), high);
    if (fromS === first.atS) break;
  }
  return { perS, mostPerS: Number.isFinite(high) ? high : perS };
}

/**
 * How many jobs the present surge has brought so far: those of the spans of `spanS` in a row, from the newest back to the
 * first that brought next to nothing beside it. Of a load that has long been there these are the jobs of the last hour.
 */
export function surgeSoFar(marks: readonly Mark[], spanS: number): number {
  const firstS = marks[0]?.atS ?? 0;
  const nowS = marks.at(-1)?.atS ?? 0;
  const cameBy = (atS: number) => countAt(marks, atS, "arrived");
  const newest = cameBy(nowS) - cameBy(nowS - spanS);
  let jobs = newest;
  for (let toS = nowS - spanS; toS > firstS; toS -= spanS) {
    const came = cameBy(toS) - cameBy(toS - spanS);
    if (came < SAME_SURGE * newest) break;
    jobs += came;
  }
  return jobs;
}

/**
 * The variance of arrivals in a minute over their mean, from neighbouring minutes, so that slow changes do not count as
 * variance. 1 for a Poisson process, never less.
 */
export function countDispersion(state: PolicyState, marks: readonly Mark[]): PolicyState["dispersion"] {
  const last = marks.at(-1);
  const { sum, weight, countedAtS } = state.dispersion;
  if (last === undefined || last.atS - countedAtS < BIN_S) return state.dispersion;
  const before = last.atS - 2 * BIN_S;
  if ((marks[0]?.atS ?? Infinity) > before) return { sum, weight, countedAtS: last.atS };
  const middle = countAt(marks, last.atS - BIN_S, "arrived");
  const newer = last.arrived - middle;
  const older = middle - countAt(marks, before, "arrived");
  if (newer + older === 0) return { sum, weight, countedAtS: last.atS };
  const ratio = Math.min(MOST_PER_BIN, (newer - older) ** 2 / (newer + older));
  return { sum: sum * BIN_MEMORY + ratio, weight: weight * BIN_MEMORY + 1, countedAtS: last.atS };
}

export const dispersionOf = ({ dispersion }: PolicyState): number =>
  Math.max(1, dispersion.sum / dispersion.weight);
