import { DroverError } from "../../base/errors.ts";
import type { Policy, Settings } from "../policy.ts";
import { openWorlds } from "./build-world.ts";
import { compare, meanOf, type Outcome } from "./comparison.ts";
import type { Flags } from "./options.ts";

const BEGIN = "<!-- begin: drover simulate --document -->";
const END = "<!-- end: drover simulate --document -->";

/** The loads of the page: shape, jobs a second, service times. */
const LOADS: readonly (readonly [string, string, string])[] = [
  ["steady", "0.5", "exponential:20"],
  ["daily", "0.3", "lognormal:40,1.5"],
  ["spikes", "0.3", "exponential:20"],
  ["bursts", "0.1", "lognormal:120,1"],
  ["x100-3min", "0.1", "exponential:20"],
  ["x100-20min", "0.02", "fixed:180"],
  ["decay", "0.2", "exponential:20"],
  ["walk", "0.2", "lognormal:30,1"],
  ["square", "0.5", "exponential:20"],
];

/** What the page shows: which target, for which share of jobs, with or without spot zones. */
const TABLES = [
  { title: "Target wait 300 s, longer than a boot", targetWaitS: 300, targetShare: 0.995, spot: false },
  {
    title: "Target wait 60 s, shorter than a boot, for 95 % of jobs",
    targetWaitS: 60,
    targetShare: 0.95,
    spot: false,
  },
  {
    title: "Target wait 300 s, nine spot zones at 0.35 of the price",
    targetWaitS: 300,
    targetShare: 0.995,
    spot: true,
  },
] as const;

interface Row {
  policy: string;
  means: Outcome[];
}

/**
 * Puts fresh tables between the two marks of a page. Throws config-invalid when the page lacks them. `progress` is called
 * with what is being computed.
 */
export async function document(
  page: string,
  policies: readonly Policy[],
  flags: Flags,
  progress: (what: string) => void,
): Promise<string> {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) {
    throw new DroverError("config-invalid", `The page needs the lines "${BEGIN}" and "${END}".`);
  }
  const tables: string[] = [];
  for (const table of TABLES) {
    const chosen = policies.filter(
      ({ name }) => table.spot === ["drover", "spothedge"].includes(name) || name === "drover",
    );
    tables.push(await tableOf(table, chosen, flags, progress));
  }
  return `${before}${BEGIN}\n\n${tables.join("\n\n")}\n\n${END}${after}`;
}

async function tableOf(
  { title, targetWaitS, targetShare, spot }: (typeof TABLES)[number],
  policies: readonly Policy[],
  flags: Flags,
  progress: (what: string) => void,
): Promise<string> {
  const rows: Row[] = policies.map(({ name }) => ({ policy: name, means: [] }));
  for (const [shape, rate, services] of LOADS) {
    const own: Flags = {
      ...flags,
      arrivals: `generate:${shape}:${rate}`,
      services,
      ...(spot ? { spot: "generate:9" } : {}),
    };
    const settings: Settings = {
      targetWaitS,
      targetShare,
      maxInstances: 10_000,
      minInstances: 0,
      billing: "per-second",
    };
    const worlds = await openWorlds(own, () => Promise.reject(new TypeError("generated load reads no file")));
    const outcomes = compare(policies, worlds, settings, (_, __, what) =>
      progress(`${title}: ${shape}, ${what}`),
    );
    for (const [at, { seeds }] of outcomes.entries()) rows[at]?.means.push(meanOf(seeds));
  }
  const header = ["policy", ...LOADS.map(([shape]) => shape), "mean × LB", "scale events"];
  const lines = rows.map(({ policy, means }) => [
    policy,
    ...means.map((mean) => cell(mean, targetShare, spot)),
    geometric(means.map((mean) => cost(mean, spot))).toFixed(2),
    means.reduce((sum, { scaleOuts, scaleIns }) => sum + scaleOuts + scaleIns, 0).toFixed(0),
  ]);
  const grid = [header, header.map((_, at) => (at === 0 ? "---" : "---:")), ...lines];
  const unit = spot ? "dollars over LB(W) at the on-demand price" : "instance-hours over LB(W)";
  const caption = `Each cell: ${unit}, then the share of jobs in time; ~~struck~~ where that misses ${100 * targetShare} %. Means over ${flags.seeds} seeds.`;
  return `### ${title}\n\n${caption}\n\n${grid.map((row) => `| ${row.join(" | ")} |`).join("\n")}`;
}

/** With spot it is money that counts, relative to the bound at the on-demand price. */
function cost({ ratioToLowerBound, dollars, lowerBoundHours }: Outcome, spot: boolean): number {
  return spot ? dollars / (lowerBoundHours * ON_DEMAND_PRICE) : ratioToLowerBound;
}

const ON_DEMAND_PRICE = 0.1;

function cell(mean: Outcome, targetShare: number, spot: boolean): string {
  const text = `${cost(mean, spot).toFixed(2)} · ${(100 * mean.shareInTime).toFixed(1)} %`;
  return mean.shareInTime >= targetShare ? text : `~~${text}~~`;
}

const geometric = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
