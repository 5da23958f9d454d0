import type { WorkSeen } from "./work-seen.ts";

/** Running counters at one moment. Jobs start in the order in which they were sent, so the pair dates every job. */
export interface Mark {
  atS: number;
  /** Jobs sent so far. */
  arrived: number;
  /** Jobs started so far: those sent less those that wait. */
  started: number;
}

/** What is known of a pool: its counters at the last decision, and fading sums of what it did. */
export interface PoolMemory {
  launched: number;
  refused: number;
  reclaimed: number;
  /** Instance-seconds under observation, launches asked for, refusals and losses among them. */
  aliveS: number;
  asks: number;
  refusals: number;
  losses: number;
  /** Rounds in a row that were refused. */
  streak: number;
  blockedUntilS?: number;
}

/** What the policy remembers from one decision to the next. Plain JSON; losing it costs some minutes of caution. */
export interface PolicyState {
  marks: Mark[];
  /** Busy instances over the last minutes, to judge what is idle. */
  usage: { atS: number; busy: number }[];
  /** Sizes that were wanted lately, to keep what a moment's lull does not need. */
  wanted: { atS: number; instances: number }[];
  /** How much more careful than at first experience has made the policy; see attainment.ts. */
  caution: number;
  /** Jobs started in a typical hour, for weighing what happened. */
  hourlyJobs: number;
  /** Since when there is experience, and the first job, counted from the first sent, that belongs to it. */
  learning?: { sinceS: number; fromJob: number } | undefined;
  /** How much more arrivals vary than chance would have it; see arrivals.ts. */
  dispersion: { sum: number; weight: number; countedAtS: number };
  /** How long the fleet was without work, each time: seconds to the next job, by doubling buckets. */
  gaps: number[];
  emptySinceS?: number;
  /** Work seen, and how many jobs had finished before; bounds the service time while few have. */
  work: WorkSeen & { finishedBefore?: number };
  lastLaunchAtS?: number;
  lastRestAtS?: number;
  pools: Record<string, PoolMemory>;
}

export function startState(): PolicyState {
  return {
    marks: [],
    usage: [],
    wanted: [],
    caution: 0,
    hourlyJobs: 0,
    dispersion: { sum: 3, weight: 3, countedAtS: 0 },
    gaps: [],
    work: { slotS: 0, finished: 0 },
    pools: {},
  };
}
