import { lowerBound } from "../lower-bound/lower-bound.ts";
import type { Policy, Settings } from "../policy.ts";
import type { Worlds } from "./build-world.ts";
import { simulate } from "./engine.ts";
import type { Series } from "./recorder.ts";
import { summarise, type Summary } from "./summary.ts";
import type { World } from "./world.ts";

export interface Outcome extends Summary {
  seed: number;
  /** LB(W) of this seed's jobs, instance-hours, and the cost as a multiple of it. */
  lowerBoundHours: number;
  ratioToLowerBound: number;
}

export interface PolicyOutcome {
  policy: string;
  seeds: Outcome[];
  /** Of the first seed, for the plots. */
  series: Series;
}

/** Runs every policy through the same worlds, one for each seed. `progress` is called before each run. */
export function compare(
  policies: readonly Policy[],
  worlds: Worlds,
  settings: Settings,
  progress: (done: number, of: number, what: string) => void,
): PolicyOutcome[] {
  const total = worlds.seeds * (policies.length + 1);
  let done = 0;
  const outcomes = policies.map(({ name }) => ({
    policy: name,
    seeds: [] as Outcome[],
    series: [] as Series[],
  }));
  for (let seed = 1; seed <= worlds.seeds; seed++) {
    const world = worlds.of(seed);
    progress(done++, total, `seed ${world.seed}, lower bound`);
    const lowerBoundHours = boundOf(world, settings) / 3600;
    for (const [at, policy] of policies.entries()) {
      progress(done++, total, `seed ${world.seed}, ${policy.name}`);
      const run = simulate(world, policy, settings);
      const summary = summarise(run, world, settings);
      const ratioToLowerBound = lowerBoundHours > 0 ? summary.instanceHours / lowerBoundHours : 1;
      outcomes[at]?.seeds.push({ seed: world.seed, ...summary, lowerBoundHours, ratioToLowerBound });
      if (outcomes[at]?.series.length === 0) outcomes[at]?.series.push(run.series);
    }
  }
  return outcomes.flatMap(({ policy, seeds, series: [first] }) =>
    first === undefined ? [] : [{ policy, seeds, series: first }],
  );
}

function boundOf({ workload, pools }: World, { targetWaitS }: Settings): number {
  const slots = pools[0]?.slots ?? 1;
  const bootS = Math.min(...pools.map(({ boot }) => boot.meanS));
  return lowerBound({ ...workload, targetWaitS, slots, bootS });
}

/** The mean of every number over the seeds; the geometric mean for the ratio, as usual for ratios. */
export function meanOf(seeds: readonly Outcome[]): Outcome {
  const mean = (pick: (outcome: Outcome) => number) =>
    seeds.reduce((sum, one) => sum + pick(one), 0) / seeds.length;
  const [first] = seeds;
  if (first === undefined) throw new TypeError("there is no mean of no runs");
  const numbers = Object.fromEntries(
    Object.entries(first).map(([key, value]) => [
      key,
      typeof value === "number" ? mean((one) => one[key as keyof Outcome] as number) : value,
    ]),
  ) as unknown as Outcome;
  return {
    ...numbers,
    waitS: {
      mean: mean(({ waitS }) => waitS.mean),
      p50: mean(({ waitS }) => waitS.p50),
      p95: mean(({ waitS }) => waitS.p95),
      p99: mean(({ waitS }) => waitS.p99),
      max: seeds.reduce((most, { waitS }) => Math.max(most, waitS.max), 0),
    },
    ratioToLowerBound: Math.exp(mean(({ ratioToLowerBound }) => Math.log(ratioToLowerBound))),
  };
}
