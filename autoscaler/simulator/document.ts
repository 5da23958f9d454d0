import { DroverError } from "../../base/errors.ts";
import type { Outcome } from "./comparison.ts";
import { goalsTable, type Goal } from "./goals.ts";
import { costOf, geometric, LOADS, type Row, type Trial } from "./loads.ts";

const BEGIN = "<!-- begin: drover simulate --document -->";
const END = "<!-- end: drover simulate --document -->";

/** Puts the goals and fresh tables between the two marks of a page. Throws config-invalid when the page lacks them. */
export function document(
  page: string,
  goals: readonly Goal[],
  tables: readonly (readonly [Trial, readonly Row[]])[],
  seeds: string,
): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) {
    throw new DroverError("config-invalid", `The page needs the lines "${BEGIN}" and "${END}".`);
  }
  const parts = [
    "### Goal by goal",
    goalsTable(goals),
    ...tables.map(([trial, rows]) => tableOf(trial, rows, seeds)),
  ];
  return `${before}${BEGIN}\n\n${parts.join("\n\n")}\n\n${END}${after}`;
}

function tableOf(trial: Trial, rows: readonly Row[], seeds: string): string {
  const { title, targetShare, spot } = trial;
  const header = ["policy", ...LOADS.map(({ shape }) => shape), "mean × LB", "scale events"];
  const lines = rows.map(({ policy, means }) => [
    policy,
    ...means.map((mean) => cell(mean, trial)),
    geometric(means.map((mean) => costOf(mean, trial))).toFixed(2),
    means.reduce((sum, { scaleOuts, scaleIns }) => sum + scaleOuts + scaleIns, 0).toFixed(0),
  ]);
  const grid = [header, header.map((_, at) => (at === 0 ? "---" : "---:")), ...lines];
  const unit = spot ? "dollars over LB(W) at the on-demand price" : "instance-hours over LB(W)";
  const caption = `Each cell: ${unit}, then the share of jobs in time; ~~struck~~ where that misses ${100 * targetShare} %. Means over ${seeds} seeds.`;
  return `### ${title}\n\n${caption}\n\n${grid.map((row) => `| ${row.join(" | ")} |`).join("\n")}`;
}

function cell(mean: Outcome, trial: Trial): string {
  const text = `${costOf(mean, trial).toFixed(2)} · ${(100 * mean.shareInTime).toFixed(1)} %`;
  return mean.shareInTime >= trial.targetShare ? text : `~~${text}~~`;
}
