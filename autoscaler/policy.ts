import type { Decision, Snapshot } from "./snapshot.ts";

/** What a person sets. Only the first two are always needed. */
export interface Settings {
  /** A job should start at most this long after it was sent. */
  targetWaitS: number;
  /** Never more instances than this, booting and cordoned ones included. */
  maxInstances: number;
  /** Share of jobs that should start within the target. */
  targetShare: number;
  /** Never fewer instances than this. */
  minInstances: number;
  /** Most dollars an hour that running instances may cost. */
  budgetPerHour?: number;
  /** How the provider bills: by the second after a minimum, or by the started hour. */
  billing: "per-second" | "hourly";
}

/** A policy is a pure function and the state it hands to itself. The state is plain JSON. */
export interface Policy<State = unknown> {
  name: string;
  /** How often the policy looks, seconds. */
  periodS: number;
  start(): State;
  decide(snapshot: Snapshot, settings: Settings, state: State): Decision<State>;
}
