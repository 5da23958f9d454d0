import type { PolicyOutcome } from "./comparison.ts";
import type { Series } from "./recorder.ts";

const WIDTH = 960;
const LEFT = 70;
const PANEL = 150;
const GAP = 34;
const COLOURS = ["#0b6e99", "#c8553d", "#588157", "#8f5fa8", "#b8860b", "#444444"];

const PANELS: readonly { title: string; read: (series: Series) => number[] }[] = [
  { title: "jobs that wait", read: ({ waiting }) => waiting },
  {
    title: "instances (booting and cordoned ones included)",
    read: ({ ready, booting, cordoned }) =>
      ready.map((count, at) => count + (booting[at] ?? 0) + (cordoned[at] ?? 0)),
  },
  { title: "age of the oldest job that waits, seconds", read: ({ oldestS }) => oldestS },
];

/** Backlog, fleet and wait over time as an SVG document, one colour per policy, the first seed of each. */
export function plotSvg(outcomes: readonly PolicyOutcome[], targetWaitS: number): string {
  const height = PANELS.length * (PANEL + GAP) + 50;
  const untilS = Math.max(1, ...outcomes.map(({ series }) => series.atS.at(-1) ?? 0));
  const legend = outcomes.map(
    ({ policy }, at) => `<text x="${LEFT + 150 * at}" y="18" fill="${colour(at)}">${escape(policy)}</text>`,
  );
  const panels = PANELS.map(({ title, read }, panel) => {
    const top = 30 + panel * (PANEL + GAP) + 16;
    const values = outcomes.map(({ series }) => read(series));
    const target = panel === 2 ? targetWaitS : 0;
    const most = values.reduce(
      (highest, list) => list.reduce((left, right) => Math.max(left, right), highest),
      Math.max(1, target),
    );
    const lines = outcomes.map(({ series }, at) => {
      const points = (values[at] ?? []).map((value, point) => {
        const x = LEFT + ((series.atS[point] ?? 0) / untilS) * (WIDTH - LEFT - 20);
        return `${x.toFixed(1)},${(top + PANEL * (1 - value / most)).toFixed(1)}`;
      });
      return `<polyline fill="none" stroke="${colour(at)}" points="${points.join(" ")}"/>`;
    });
    const y = top + PANEL * (1 - target / most);
    const goal =
      target > 0
        ? `<line x1="${LEFT}" x2="${WIDTH - 20}" y1="${y}" y2="${y}" stroke="#999" stroke-dasharray="4"/>`
        : "";
    return (
      `<text x="${LEFT}" y="${top - 5}">${title}</text>` +
      `<text x="${LEFT - 6}" y="${top + 10}" text-anchor="end">${most.toFixed(0)}</text>` +
      `<text x="${LEFT - 6}" y="${top + PANEL}" text-anchor="end">0</text>` +
      `<rect x="${LEFT}" y="${top}" width="${WIDTH - LEFT - 20}" height="${PANEL}" fill="none" stroke="#ccc"/>` +
      goal +
      lines.join("")
    );
  });
  const hours = `<text x="${WIDTH - 20}" y="${height - 8}" text-anchor="end">${(untilS / 3600).toFixed(1)} hours</text>`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">` +
    `<rect width="100%" height="100%" fill="white"/>${legend.join("")}${panels.join("")}${hours}</svg>\n`
  );
}

const colour = (at: number): string => COLOURS[at % COLOURS.length] ?? "#000";

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
