/**
 * What the scaler sees and what it may do. Everything here is plain JSON, so that a decision can be logged
 * with its inputs and replayed. Times are seconds on the scaler's own clock; durations are seconds.
 */

/** Quantiles of a duration, in seconds, over a recent window of `samples` observations. */
export interface Quantiles {
  samples: number;
  meanS: number;
  p10S: number;
  p50S: number;
  p90S: number;
  p99S: number;
}

/** The request queue's own counters. SQS: ApproximateNumberOfMessages, …NotVisible, …Delayed. */
export interface QueueView {
  readAtS: number;
  /** Messages an agent could receive now. */
  visible: number;
  /** Messages received and not yet deleted, those asleep in back-off included. */
  inFlight: number;
  /** Messages sent with a delay that has not passed. */
  delayed: number;
  /** Part of `inFlight` that no agent works on: hidden until its next attempt. */
  asleep: number;
  /** Earliest SentTimestamp among the messages that wait, as far as agents have seen it. */
  oldestSentAtS?: number;
}

export interface ServiceView {
  name: string;
  /** First receipts since counting began; a retry is not an arrival, so a poison message cannot look like load. */
  arrived: number;
  finished: number;
  /** Absent until the first job of the service has finished. */
  serviceS?: Quantiles;
}

/**
 * booting → ready → cordoned → (gone). A cordoned instance takes no new message, finishes what it holds, and may
 * become ready again. An instance whose reclaim was announced (`noticeAtS`) never becomes ready again.
 */
export interface InstanceView {
  id: string;
  pool: string;
  state: "booting" | "ready" | "cordoned";
  launchedAtS: number;
  readyAtS?: number | undefined;
  cordonedAtS?: number | undefined;
  /** When the provider announced that it takes the instance back. */
  noticeAtS?: number | undefined;
  slots: number;
  inFlight: number;
  /** Since when it holds no message; absent while it holds one. */
  idleSinceS?: number | undefined;
}

/** One kind of instance in one place: type × zone × region × market. */
export interface PoolView {
  name: string;
  market: "on-demand" | "spot";
  region: string;
  zone: string;
  slots: number;
  pricePerHour: number;
  /** Absent until the first instance of the pool has come up. */
  bootS?: Quantiles;
  /** Instances asked for, refused, and taken back by the provider since counting began. */
  launched: number;
  refused: number;
  reclaimed: number;
  /** When the pool last refused a launch or took an instance back. */
  lastRefusedAtS?: number;
  lastReclaimedAtS?: number;
}

export interface Snapshot {
  atS: number;
  /** Absent when the queue could not be read at all. */
  queue?: QueueView;
  services: readonly ServiceView[];
  instances: readonly InstanceView[];
  /** When the list of instances was read. */
  instancesReadAtS: number;
  pools: readonly PoolView[];
}

export type Action =
  | { kind: "launch"; pool: string; count: number }
  | { kind: "cordon"; ids: string[] }
  | { kind: "uncordon"; ids: string[] }
  /** Only for instances that hold no message, except in the random-victim variants of the simulator. */
  | { kind: "terminate"; ids: string[] };

export interface Decision<State> {
  actions: Action[];
  /** Why, in one line. */
  sentence: string;
  state: State;
}
