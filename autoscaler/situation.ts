import type { Fleet } from "./fleet.ts";
import type { Settings } from "./policy.ts";
import type { QueueView, Snapshot } from "./snapshot.ts";
import type { PolicyState } from "./state.ts";

/** What a plan works with: the facts of this moment and what was learnt, `state` already updated. */
export interface Situation {
  snapshot: Snapshot;
  queue: QueueView;
  settings: Settings;
  fleet: Fleet;
  state: PolicyState;
  meanServiceS: number;
  /** Equally likely boot times, and their mean, seconds. */
  boots: readonly number[];
  bootS: number;
}

/** What a plan wants: at most one of the first two numbers is above zero. */
export interface Plan {
  more: number;
  fewer: number;
  /** How many that still boot are of no use any more. */
  needless?: number;
  why: string;
  state: PolicyState;
}
