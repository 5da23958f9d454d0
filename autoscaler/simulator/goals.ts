import type { Outcome } from "./comparison.ts";
import { costOf, geometric, LOADS, type Row } from "./loads.ts";

/** One line of the comparison with what the policy is meant to reach. */
export interface Goal {
  goal: string;
  figure: string;
  holds: boolean;
}

const ENOUGH = 0.995;
const BOOT_P95_S = 60 + 0.95 * 240;
const STEPS = ["x100-3min", "x100-20min"];

/** With a target above the boot time: time, cost, scale events, and the hundredfold step. */
export function patientGoals(rows: readonly Row[]): Goal[] {
  const [own, ...others] = rows;
  if (own === undefined) return [];
  const costs = own.means.map((mean) => costOf(mean, { spot: false }));
  const least = lowest(own.means.map(({ shareInTime }) => shareInTime));
  const dearest = highest(costs);
  const rivals = own.means.map((_, load) => cheapestOf(others, load));
  const ratios = own.means.map(({ instanceHours }, load) => instanceHours / (rivals[load] ?? Infinity));
  const killed = own.means.reduce((sum, mean) => sum + mean.killedByScaleIn, 0);
  const keda = others.find(({ policy }) => policy === "keda-hpa");
  const events = eventsOf(own.means) / eventsOf(keda?.means ?? []);
  return [
    goal("W 300 s: 99.5 % of jobs in time on every load", `least ${percent(least)}`, least >= ENOUGH),
    goal("W 300 s: cost, geometric mean ≤ 1.45 × LB", times(geometric(costs)), geometric(costs) <= 1.45),
    goal("W 300 s: cost on no load > 2.3 × LB", at(dearest), dearest.value <= 2.3),
    ...overallGoal(own, others),
    goal(
      "W 300 s: ≥ 30 % below the cheapest baseline in time of each load, geometric mean",
      `${percent(1 - geometric(ratios))} below`,
      geometric(ratios) <= 0.7,
    ),
    goal("W 300 s: on no load > 5 % above that baseline", at(highest(ratios)), highest(ratios).value <= 1.05),
    goal("scale events ≤ half of KEDA's", times(events), events <= 0.5),
    goal("no job killed by scale-in", `${killed}`, killed === 0),
    ...STEPS.flatMap((shape) => stepGoals(shape, own.means[LOADS.findIndex((load) => load.shape === shape)])),
  ];
}

const overall = ({ means }: Row) => geometric(means.map((mean) => costOf(mean, { spot: false })));

/** Against the one baseline that is in time on every load and costs least over all of them. */
function overallGoal(own: Row, others: readonly Row[]): Goal[] {
  const [rival] = others
    .filter(({ means }) => means.every(({ shareInTime }) => shareInTime >= ENOUGH))
    .toSorted((left, right) => overall(left) - overall(right));
  if (rival === undefined) return [];
  const ratio = overall(own) / overall(rival);
  const text = "W 300 s: ≥ 30 % below the cheapest baseline that is in time on every load";
  return [goal(text, `${percent(1 - ratio)} below ${rival.policy}`, ratio <= 0.7)];
}

function stepGoals(shape: string, mean: Outcome | undefined): Goal[] {
  if (mean === undefined) return [];
  return [
    goal(
      `${shape}: every job started within 2 × p95 boot (${2 * BOOT_P95_S} s)`,
      `longest wait ${mean.waitS.max.toFixed(0)} s`,
      mean.waitS.max <= 2 * BOOT_P95_S,
    ),
    goal(`${shape}: cost ≤ 1.2 × LB`, times(mean.ratioToLowerBound), mean.ratioToLowerBound <= 1.2),
  ];
}

/** On nine spot zones, against the same policy on demand and against SpotHedge. */
export function spotGoals(spot: readonly Row[], onDemand: Row | undefined): Goal[] {
  const [own, hedge] = spot;
  if (own === undefined || hedge === undefined || onDemand === undefined) return [];
  const ratio = geometric(
    own.means.map(({ dollars }, load) => dollars / (onDemand.means[load]?.dollars ?? 0)),
  );
  const toHedge = geometric(
    own.means.map(({ dollars }, load) => dollars / (hedge.means[load]?.dollars ?? 0)),
  );
  const least = lowest(own.means.map(({ shareInTime }) => shareInTime));
  const lost = highest(own.means.map(({ lostWorkShare }) => lostWorkShare));
  return [
    goal("spot: ≤ 0.60 × the dollars on demand", times(ratio), ratio <= 0.6),
    goal("spot: 99.5 % of jobs in time on every load", `least ${percent(least)}`, least >= ENOUGH),
    goal("spot: ≥ 10 % below SpotHedge", `${percent(1 - toHedge)} below`, toHedge <= 0.9),
    goal(
      "spot: work lost by reclaims ≤ 0.5 %",
      `most ${percent(lost.value)} (${lost.load})`,
      lost.value <= 0.005,
    ),
  ];
}

/** What ours and the cheapest tuned baseline cost for one share on one load. */
export interface Duel {
  load: string;
  share: number;
  own: Outcome;
  rival: { policy: string; mean: Outcome } | undefined;
}

/** With a target below the boot time: at each share of jobs in time, against the best tuned baseline of each load. */
export function tightGoals(duels: readonly Duel[]): Goal[] {
  return [...new Set(duels.map(({ share }) => share))].flatMap((share) => {
    const mine = duels.filter((duel) => duel.share === share);
    const ratios = mine.map(({ own, rival }) =>
      rival === undefined ? 1 : own.instanceHours / rival.mean.instanceHours,
    );
    const met = mine.filter(({ own }) => own.shareInTime >= share).length;
    const each = mine.map(
      ({ load, rival }, n) => `${load} ${(ratios[n] ?? 0).toFixed(2)} (${rival?.policy ?? "none"})`,
    );
    return [
      goal(
        `W 60 s: ${percent(share)} of jobs in time`,
        `on ${met} of ${mine.length} loads`,
        met === mine.length,
      ),
      goal(
        `W 60 s, ${percent(share)}: ≤ 0.85 × the best tuned baseline of each load`,
        `geometric mean ${times(geometric(ratios))}; ${each.join(", ")}`,
        ratios.every((ratio) => ratio <= 0.85),
      ),
    ];
  });
}

/** A Markdown table, which a person can read in a terminal, too. */
export function goalsTable(goals: readonly Goal[]): string {
  const lines = goals.map(
    ({ goal: text, figure, holds }) => `| ${text} | ${figure} | ${holds ? "holds" : "**short**"} |`,
  );
  return ["| goal | figure | |", "| --- | --- | --- |", ...lines].join("\n");
}

const goal = (text: string, figure: string, holds: boolean): Goal => ({ goal: text, figure, holds });

const percent = (share: number) => `${Number((100 * share).toFixed(2))} %`;
const times = (ratio: number) => `${ratio.toFixed(2)} ×`;
const at = ({ value, load }: { value: number; load: string }) => `most ${times(value)} (${load})`;

const lowest = (values: readonly number[]) =>
  values.reduce((least, value) => Math.min(least, value), Infinity);

function highest(values: readonly number[]): { value: number; load: string } {
  const value = values.reduce((most, one) => Math.max(most, one), -Infinity);
  return { value, load: LOADS[values.indexOf(value)]?.shape ?? "" };
}

/** Instance-hours of the cheapest policy that starts enough jobs of a load in time. */
const cheapestOf = (rows: readonly Row[], load: number): number =>
  lowest(
    rows.flatMap(({ means }) => {
      const mean = means[load];
      return mean !== undefined && mean.shareInTime >= ENOUGH ? [mean.instanceHours] : [];
    }),
  );

const eventsOf = (means: readonly Outcome[]) =>
  means.reduce((sum, { scaleOuts, scaleIns }) => sum + scaleOuts + scaleIns, 0);
