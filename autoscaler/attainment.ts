import { countAt } from "./arrivals.ts";
import type { Settings } from "./policy.ts";
import type { Mark, PolicyState } from "./state.ts";

/** How far experience can move a plan from where it begins. */
const LEAST = -1.5;
const MOST = 3;
/** A typical hour is the mean of about the last day. */
const DAY_S = 86_400;
const HOUR_S = 3600;
/** One typical hour of late jobs moves the caution by this much … */
const GAIN = 1.5;
/** … but no single job by more than a part of it, however few there are. */
const MOST_WEIGHT = 30;

export interface Experience {
  caution: number;
  hourlyJobs: number;
  learning?: PolicyState["learning"];
}

/**
 * Learns how careful to be. Each job that started late raises the caution, each one in time lowers it, in the
 * proportion that leaves it alone exactly when the share that is late is the share that may be (the integral control of
 * adaptive conformal inference: Gibbs and Candès, NeurIPS 2021). Which job starts when follows from the counters. Jobs
 * sent before the very first one started are no experience: nothing was up, and no caution would have helped.
 */
export function learn(state: PolicyState, marks: readonly Mark[], settings: Settings): Experience {
  const [before, now] = [state.marks.at(-1), marks.at(-1)];
  const known = { caution: state.caution, hourlyJobs: state.hourlyJobs, learning: state.learning };
  if (before === undefined || now === undefined || now.atS <= before.atS) return known;
  if (state.learning === undefined) {
    return now.started === 0 ? known : { ...known, learning: { sinceS: now.atS, fromJob: now.arrived } };
  }
  const { sinceS, fromJob } = state.learning;
  const startedBefore = Math.max(before.started, fromJob);
  const started = Math.max(0, now.started - startedBefore);
  const overdue =
    countAt(marks, (before.atS + now.atS) / 2 - settings.targetWaitS, "arrived") - startedBefore;
  const late = Math.min(started, Math.max(0, overdue));
  const passedS = now.atS - before.atS;
  const hourlyJobs = meanJobs(state, now.arrived - before.arrived, passedS, now.atS - sinceS);
  const lately = now.arrived - countAt(marks, now.atS - HOUR_S, "arrived");
  const weight = GAIN / Math.max(MOST_WEIGHT, hourlyJobs, lately);
  const change = weight * (late - (1 - settings.targetShare) * started);
  const caution = Math.min(MOST, Math.max(LEAST, state.caution + change));
  return { ...known, caution, hourlyJobs };
}

/**
 * Where a policy that has to stand ready begins: the fewer jobs may be late, the more careful. Shares of 92, 95, 98, 99 %
 * begin at 0, 0.14, 0.42, 0.63.
 */
export function firstCaution({ targetShare }: Settings): number {
  const late = Math.max(1e-4, 1 - targetShare);
  return Math.min(1, Math.max(-1, 0.7 * Math.log10(0.08 / late)));
}

/** The plain mean over the first day, then a fading one. */
function meanJobs({ hourlyJobs }: PolicyState, arrived: number, passedS: number, knownS: number): number {
  const share = passedS / Math.min(DAY_S, Math.max(knownS, HOUR_S));
  return hourlyJobs * (1 - share) + (arrived / passedS) * HOUR_S * share;
}
