import type { Policy, Settings } from "../policy.ts";
import { openWorlds } from "./build-world.ts";
import { compare, meanOf, type Outcome } from "./comparison.ts";
import type { Flags } from "./options.ts";
import { SHAPES } from "./generators.ts";

export interface Load {
  shape: string;
  /** Jobs a second. */
  rate: string;
  services: string;
}

/** The loads that policies are held against. */
export const LOADS: readonly Load[] = [
  { shape: "steady", rate: "0.5", services: "exponential:20" },
  { shape: "daily", rate: "0.3", services: "lognormal:40,1.5" },
  { shape: "spikes", rate: "0.3", services: "exponential:20" },
  { shape: "surges", rate: "0.05", services: "lognormal:40,0.7" },
  { shape: "nights", rate: "0.15", services: "lognormal:60,1" },
  { shape: "bursts", rate: "0.1", services: "lognormal:120,1" },
  { shape: "x100-3min", rate: "0.1", services: "exponential:20" },
  { shape: "x100-20min", rate: "0.02", services: "fixed:180" },
  { shape: "decay", rate: "0.2", services: "exponential:20" },
  { shape: "walk", rate: "0.2", services: "lognormal:30,1" },
  { shape: "square", rate: "0.5", services: "exponential:20" },
];

/** How a table treats all loads. */
export interface Trial {
  title: string;
  targetWaitS: number;
  targetShare: number;
  spot: boolean;
}

/** What one policy did with each load, the mean over the seeds, in the order of LOADS. */
export interface Row {
  policy: string;
  means: Outcome[];
}

export const settingsFor = ({
  targetWaitS,
  targetShare,
}: Pick<Trial, "targetWaitS" | "targetShare">): Settings => ({
  targetWaitS,
  targetShare,
  maxInstances: 10_000,
  minInstances: 0,
  billing: "per-second",
});

/** The flags with which a load is generated, at most `mostHours` of it. */
export function flagsFor({ shape, rate, services }: Load, flags: Flags, mostHours = Infinity): Flags {
  const hours = Math.min(mostHours, SHAPES[shape]?.hours ?? 0);
  return { ...flags, arrivals: `generate:${shape}:${rate}`, services, hours: String(hours) };
}

/** Generated load reads no file. */
export const noFiles = (): Promise<string> => Promise.reject(new TypeError("generated load reads no file"));

/** Runs each policy through each load. `progress` is called with what is being computed. */
export async function runTrial(
  policies: readonly Policy[],
  trial: Trial,
  flags: Flags,
  progress: (what: string) => void,
): Promise<Row[]> {
  const rows: Row[] = policies.map(({ name }) => ({ policy: name, means: [] }));
  for (const load of LOADS) {
    const own = { ...flagsFor(load, flags), ...(trial.spot ? { spot: "generate:9" } : {}) };
    const worlds = await openWorlds(own, noFiles);
    const outcomes = compare(policies, worlds, settingsFor(trial), (_, __, what) =>
      progress(`${trial.title}: ${load.shape}, ${what}`),
    );
    for (const [at, { seeds }] of outcomes.entries()) rows[at]?.means.push(meanOf(seeds));
  }
  return rows;
}

export const geometric = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

const ON_DEMAND_PRICE = 0.1;

/** With spot it is money that counts, relative to the bound at the on-demand price. */
export const costOf = (
  { ratioToLowerBound, dollars, lowerBoundHours }: Outcome,
  { spot }: Pick<Trial, "spot">,
): number => (spot ? dollars / (lowerBoundHours * ON_DEMAND_PRICE) : ratioToLowerBound);
