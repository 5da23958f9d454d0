import type { Policy } from "../policy.ts";
import { settingsTried } from "../policies/registry.ts";
import type { PolicyOutcome } from "./comparison.ts";
import { meanOf, type Outcome } from "./comparison.ts";
import type { World } from "./world.ts";

/** Baselines with a range of values for their numbers, from a third to three times what one would choose first. */
export function tuned(
  baselines: readonly string[],
  { workload, pools }: World,
  targetWaitS: number,
): Policy[] {
  const { serviceS } = workload;
  const meanServiceS = serviceS.reduce((sum, one) => sum + one, 0) / Math.max(1, serviceS.length);
  const load = { meanServiceS, slots: pools[0]?.slots ?? 1, targetWaitS };
  return baselines.flatMap((name) => settingsTried(name, load));
}

export interface Tried {
  policy: string;
  mean: Outcome;
}

export const triedIn = (outcomes: readonly PolicyOutcome[]): Tried[] =>
  outcomes.map(({ policy, seeds }) => ({ policy, mean: meanOf(seeds) }));

/** The cheapest with which at least this share of the jobs starts in time; undefined when there is none. */
export const cheapest = (tried: readonly Tried[], share: number): Tried | undefined =>
  tried
    .filter(({ mean }) => mean.shareInTime >= share)
    .toSorted((left, right) => left.mean.instanceHours - right.mean.instanceHours)[0];
