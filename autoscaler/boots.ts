import type { PoolView, Quantiles } from "./snapshot.ts";

/** An EC2 instance with a bootstrap from S3 comes up in one to five minutes; believed until a pool has shown its own. */
const PRIOR: Quantiles = { samples: 0, meanS: 170, p10S: 80, p50S: 170, p90S: 270, p99S: 300 };
const ENOUGH_SAMPLES = 5;
const POINTS = 20;

export const bootQuantiles = ({ bootS }: PoolView): Quantiles =>
  bootS !== undefined && bootS.samples >= ENOUGH_SAMPLES ? bootS : PRIOR;

/** Twenty equally likely durations that have these quantiles, ascending, seconds. */
export function likelyDurations({ p10S, p50S, p90S, p99S }: Quantiles): number[] {
  const knots = [
    [0, Math.max(0, p10S - (p50S - p10S) / 4)],
    [0.1, p10S],
    [0.5, p50S],
    [0.9, p90S],
    [1, p99S],
  ] as const;
  return Array.from({ length: POINTS }, (_, point) => {
    const share = (point + 0.5) / POINTS;
    const right = knots.findIndex(([at]) => at >= share);
    const [fromAt, fromS] = knots[right - 1] ?? knots[0];
    const [toAt, toS] = knots[right] ?? knots[4];
    return fromS + ((toS - fromS) * (share - fromAt)) / (toAt - fromAt);
  });
}

/** How much longer an instance of this age may boot. An instance older than every expectation gives no hope: an empty list. */
export const remainingBoots = (durations: readonly number[], ageS: number): number[] =>
  durations.filter((duration) => duration > ageS).map((duration) => duration - ageS);
