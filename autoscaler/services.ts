import type { Quantiles, ServiceView } from "./snapshot.ts";
import type { Mark } from "./state.ts";
import type { WorkSeen } from "./work-seen.ts";

const STEPS = 32;
/** With fewer finished jobs than this the mean is not to be trusted: the short ones finish first. */
const ENOUGH_SAMPLES = 50;
/** Before any job has finished, it is imagined that this many did, each after half the target wait, within these limits. */
const IMAGINED_JOBS = 2;
const SHORTEST_GUESS_S = 60;
const LONGEST_GUESS_S = 300;

/**
 * Mean service time over all services, weighted by their arrivals, seconds. While few jobs have finished, at least what
 * the slots worked over what they finished, which counts the jobs that still run (total time on test; Epstein and Sobel,
 * Journal of the American Statistical Association 48, 1953).
 */
export function meanServiceS(services: readonly ServiceView[], seen: WorkSeen, targetWaitS: number): number {
  let [jobs, work, samples] = [0, 0, 0];
  for (const { arrived, serviceS } of services) {
    if (serviceS === undefined) continue;
    samples += serviceS.samples;
    jobs += Math.max(1, arrived);
    work += Math.max(1, arrived) * serviceS.meanS;
  }
  const measured = jobs > 0 ? Math.max(0.001, work / jobs) : 0;
  if (samples >= ENOUGH_SAMPLES) return measured;
  const guess = Math.min(LONGEST_GUESS_S, Math.max(SHORTEST_GUESS_S, targetWaitS / 2));
  return Math.max(measured, (IMAGINED_JOBS * guess + seen.slotS) / (IMAGINED_JOBS + seen.finished));
}

/** How many jobs a slot finishes: one that starts one now, and one that is busy now, by a time from now. */
export interface Departures {
  ofFreshSlot(withinS: number): number;
  ofBusySlot(withinS: number): number;
}

/**
 * What busy slots will do, from the distribution of service times and from when the running jobs began. Long jobs that
 * began together do not end at the average rate, and short ones do; a renewal process covers both.
 */
export function departures(
  services: readonly ServiceView[],
  meanS: number,
  marks: readonly Mark[],
  horizonS: number,
): Departures {
  const stepS = Math.max(0.001, horizonS / STEPS);
  // With several jobs per step the average is as good, and the grid could not tell.
  if (meanS < 2 * stepS) {
    const average = (withinS: number) => Math.max(0, withinS) / meanS;
    return { ofFreshSlot: average, ofBusySlot: average };
  }
  const share = shareDone(services, meanS);
  const doneBy = Array.from({ length: STEPS + 1 }, (_, step) => share((step + 0.5) * stepS));
  const ends = doneBy.map((done, step) => done - (doneBy[step - 1] ?? 0));
  const fresh = renewals(ends, ends);
  const busy = renewals(firstEnds(share, meanS, marks, stepS), ends);
  const read = (values: number[]) => (withinS: number) => {
    const at = Math.min(STEPS, Math.max(0, withinS / stepS));
    const left = Math.floor(at);
    const value = values[left] ?? 0;
    return value + ((values[left + 1] ?? value) - value) * (at - left);
  };
  return { ofFreshSlot: read(fresh), ofBusySlot: read(busy) };
}

/** Expected number of ends by each step (times rounded to the nearest), when the first comes with `first` and each further one with `ends`. */
function renewals(first: readonly number[], ends: readonly number[]): number[] {
  const rate: number[] = [];
  for (let step = 0; step <= STEPS; step++) {
    let sum = first[step] ?? 0;
    for (let before = 0; before < step; before++) sum += (rate[before] ?? 0) * (ends[step - before] ?? 0);
    // Rounded to whole steps, a few jobs take none: the next one begins in the same step.
    rate.push(sum / (1 - Math.min(0.9, ends[0] ?? 0)));
  }
  let total = 0;
  return rate.map((value) => (total += value));
}

/** When the jobs that run now end, averaged over when they began. */
function firstEnds(share: ShareBy, meanS: number, marks: readonly Mark[], stepS: number): number[] {
  const nowS = marks.at(-1)?.atS ?? 0;
  const longestS = nowS - (marks[0]?.atS ?? nowS) + (STEPS + 1) * stepS;
  // The distribution at every half step, since each pair of a mark and a step asks for it.
  const halves = Math.ceil((2 * longestS) / stepS) + 1;
  const table = new Float64Array(halves);
  for (let half = 0; half < halves; half++) table[half] = share((half * stepS) / 2);
  const sums = Array.from({ length: STEPS + 1 }, () => 0);
  let running = 0;
  for (let at = 1; at < marks.length; at++) {
    const [from, to] = [marks[at - 1] as Mark, marks[at] as Mark];
    const age = Math.round((2 * nowS - from.atS - to.atS) / stepS);
    let before = table[age] ?? 1;
    const alive = to.started - from.started;
    if (alive * (1 - before) < 1e-6) continue;
    running += alive * (1 - before);
    for (let step = 0; step <= STEPS; step++) {
      const after = table[age + 2 * step + 1] ?? 1;
      sums[step] = (sums[step] as number) + (after - before) * alive;
      before = after;
    }
  }
  // Nothing is known of when they began: at any time, so they end at an even rate, all within a mean job's time.
  if (running === 0) {
    return sums.map((_, step) => (step > 0 && step * stepS <= meanS ? stepS / meanS : 0));
  }
  return sums.map((sum) => sum / running);
}

/** The share of something that is over by a time, seconds. */
type ShareBy = (atS: number) => number;

/** Share of the jobs that are done some time after they began, over all services; exponential until their quantiles are known. */
function shareDone(services: readonly ServiceView[], meanS: number): ShareBy {
  const known = services.flatMap(({ arrived, serviceS }) =>
    serviceS === undefined || serviceS.samples < ENOUGH_SAMPLES
      ? []
      : [{ jobs: Math.max(1, arrived), below: shareBelow(serviceS) }],
  );
  const jobs = known.reduce((sum, one) => sum + one.jobs, 0);
  if (jobs === 0) return (afterS) => 1 - Math.exp(-afterS / meanS);
  return (afterS) => {
    let done = 0;
    for (const one of known) done += one.jobs * one.below(afterS);
    return done / jobs;
  };
}

const SHARES = [0, 0.1, 0.5, 0.9, 0.99, 1] as const;

/** The distribution function through the quantiles; the last hundredth lies where the mean says. */
function shareBelow({ meanS, p10S, p50S, p90S, p99S }: Quantiles): ShareBy {
  const leastS = Math.max(0, p10S - (p50S - p10S) / 4);
  const below = 0.05 * (leastS + p10S) + 0.2 * (p10S + p50S) + 0.2 * (p50S + p90S) + 0.045 * (p90S + p99S);
  // A pair of points per quantile: the width keeps a fixed service time from dividing by zero.
  const tailS = Math.max(p99S * 1.001 + 0.001, 2 * ((meanS - below) / 0.01) - p99S);
  const knots = [leastS * 0.99, p10S * 0.995, p50S, p90S * 1.0005, p99S * 1.001, tailS];
  return (atS) => {
    if (atS <= (knots[0] as number)) return 0;
    for (let at = 1; at < knots.length; at++) {
      const toS = knots[at] as number;
      if (atS >= toS) continue;
      const fromS = knots[at - 1] as number;
      const [from, to] = [SHARES[at - 1] as number, SHARES[at] as number];
      return from + ((to - from) * (atS - fromS)) / Math.max(1e-9, toS - fromS);
    }
    return 1;
  };
}
