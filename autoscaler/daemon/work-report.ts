/** What an agent has done since it started, as its status row carries it: the counts only grow, so that none is missed. */

export interface ServiceWork {
  finished: number;
  sumS: number;
  /** Bucket → jobs; see bucketOf. */
  runs: Record<string, number>;
}

/** By the service's name. */
export type WorkReport = Record<string, ServiceWork>;

const LEAST_S = 0.01;
/** Each bucket is a tenth wider than the one below it: finer than any decision needs. */
const GROWTH = Math.log(1.1);

export const bucketOf = (durationS: number): number =>
  Math.ceil(Math.log(Math.max(durationS, LEAST_S) / LEAST_S) / GROWTH);

/** The middle of a bucket. */
export const secondsOf = (bucket: number): number => LEAST_S * Math.exp(GROWTH * (bucket - 0.5));

export function parseWork(text: unknown): WorkReport {
  return typeof text === "string" && text !== "" ? (JSON.parse(text) as WorkReport) : {};
}
