/** The value that half of the samples do not exceed; with an even number the mean of the middle two. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) throw new Error("There is no median of nothing.");
  return (low + high) / 2;
}

/** The smallest sample that at least `share` (0 to 1) of all samples do not exceed. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (found === undefined) throw new Error("There is no percentile of nothing.");
  return found;
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

/** One line of the report. */
export interface Row {
  measure: string;
  drover: string;
  /** What it is compared with. */
  others: string;
  goal: string;
}

/** What one measurement found: rows for people, `data` for programs. */
export interface Finding {
  rows: Row[];
  data: Record<string, unknown>;
}

/** The rows as a table in Markdown, so that it can be pasted into a document. */
export function table(rows: readonly Row[]): string {
  const all = [
    ["measure", "Drover", "compared with", "goal"],
    ...rows.map((it) => [it.measure, it.drover, it.others, it.goal]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((it, column) => it.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = all;
  return [line(head), line(widths.map((it) => "-".repeat(it))), ...body.map((it) => line(it))].join("\n");
}
