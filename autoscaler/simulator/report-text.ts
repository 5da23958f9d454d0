import { meanOf, type PolicyOutcome } from "./comparison.ts";

const COLUMNS = [
  ["policy", (_, name) => name],
  ["in time", (mean) => `${(100 * mean.shareInTime).toFixed(2)} %`],
  ["p50", (mean) => seconds(mean.waitS.p50)],
  ["p95", (mean) => seconds(mean.waitS.p95)],
  ["p99", (mean) => seconds(mean.waitS.p99)],
  ["max", (mean) => seconds(mean.waitS.max)],
  ["inst-hours", (mean) => mean.instanceHours.toFixed(1)],
  ["dollars", (mean) => mean.dollars.toFixed(2)],
  ["× LB", (mean) => mean.ratioToLowerBound.toFixed(2)],
  ["out", (mean) => mean.scaleOuts.toFixed(0)],
  ["in", (mean) => mean.scaleIns.toFixed(0)],
  ["killed", (mean) => mean.killedByScaleIn.toFixed(0)],
  ["redone", (mean) => mean.redoneAfterReclaim.toFixed(0)],
] as const satisfies readonly (readonly [
  string,
  (mean: ReturnType<typeof meanOf>, name: string) => string,
])[];

const seconds = (value: number) => (Number.isFinite(value) ? `${value.toFixed(0)} s` : "never");

/** A table for a person: one line per policy, the mean over the seeds (the largest wait of all). */
export function showTable(outcomes: readonly PolicyOutcome[]): string {
  const rows = [
    COLUMNS.map(([title]) => title),
    ...outcomes.map(({ policy, seeds }) => COLUMNS.map(([, show]) => show(meanOf(seeds), policy))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join("  "),
    )
    .join("\n")
    .concat("\n");
}
