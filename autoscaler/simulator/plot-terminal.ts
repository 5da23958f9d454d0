import type { Series } from "./recorder.ts";

const BARS = " ▁▂▃▄▅▆▇█";

/** Three lines of bars: the jobs that wait, the instances that exist, the age of the oldest job. */
export function plotTerminal(policy: string, series: Series, width: number): string {
  const alive = series.ready.map(
    (ready, at) => ready + (series.booting[at] ?? 0) + (series.cordoned[at] ?? 0),
  );
  const lines: [string, number[], string][] = [
    ["backlog", series.waiting, "jobs"],
    ["fleet", alive, "instances"],
    ["wait", series.oldestS, "s"],
  ];
  const room = Math.max(10, width - 36);
  const hours = ((series.atS.at(-1) ?? 0) / 3600).toFixed(1);
  const drawn = lines.map(([name, values, unit]) => {
    const bars = squeeze(values, room);
    const most = Math.max(...bars, 0);
    const drawing = bars.map((value) => BARS[most === 0 ? 0 : Math.ceil((value / most) * 8)]).join("");
    return `  ${name.padEnd(8)}${drawing}  up to ${most.toFixed(0)} ${unit}`;
  });
  return `${policy}, ${hours} hours\n${drawn.join("\n")}\n`;
}

/** The highest value of each of `width` equal spans. */
function squeeze(values: readonly number[], width: number): number[] {
  const columns = Math.min(width, values.length);
  return Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * values.length) / columns);
    const to = Math.floor(((column + 1) * values.length) / columns);
    return Math.max(0, ...values.slice(from, to));
  });
}
