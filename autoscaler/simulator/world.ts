import type { Distribution } from "./distribution.ts";

/** The jobs of one run, in the order in which they arrive. */
export interface Workload {
  /** Seconds since the start, ascending. */
  arrivalS: Float64Array;
  /** How long each job keeps a slot, seconds. */
  serviceS: Float32Array;
  /** The run lasts at least this long, so that what happens after the last job counts too. */
  durationS: number;
}

/** How many instances a pool can hold, from `fromS[i]` until `fromS[i + 1]`. */
export interface CapacitySteps {
  fromS: Float64Array;
  instances: Int32Array;
}

export interface PoolWorld {
  name: string;
  market: "on-demand" | "spot";
  region: string;
  zone: string;
  slots: number;
  pricePerHour: number;
  boot: Distribution;
  /** Chance that a launch is refused although there is room. */
  refusalShare: number;
  /** Chance in an hour that the provider takes an instance back. */
  reclaimsPerHour: number;
  /** Absent: there is always room. */
  capacity?: CapacitySteps;
}

/** A span in which the policy sees the queue as it was when the span began, or not at all. */
export interface Outage {
  fromS: number;
  toS: number;
  kind: "stale" | "missing";
}

export interface World {
  workload: Workload;
  pools: readonly PoolWorld[];
  outages: readonly Outage[];
  /** Seconds between the announcement that an instance is taken back and its end. EC2 gives 120. */
  noticeS: number;
  seed: number;
}
