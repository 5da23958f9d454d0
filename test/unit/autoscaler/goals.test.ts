import { describe, expect, it } from "vitest";
import type { Outcome } from "../../../autoscaler/simulator/comparison.ts";
import { goalsTable, patientGoals, spotGoals, tightGoals } from "../../../autoscaler/simulator/goals.ts";
import { LOADS, type Row } from "../../../autoscaler/simulator/loads.ts";
import { cheapest } from "../../../autoscaler/simulator/tune.ts";

const outcome = (more: Partial<Outcome> = {}): Outcome => ({
  seed: 1,
  jobs: 100,
  waitS: { mean: 1, p50: 1, p95: 1, p99: 1, max: 200 },
  shareInTime: 1,
  instanceHours: 12,
  dollars: 1.2,
  scaleOuts: 5,
  scaleIns: 5,
  launches: 9,
  mostInstances: 9,
  killedByScaleIn: 0,
  reclaims: 0,
  redoneAfterReclaim: 0,
  lostWorkShare: 0,
  lowerBoundHours: 10,
  ratioToLowerBound: 1.2,
  ...more,
});
const row = (policy: string, more: Partial<Outcome> = {}, first: Partial<Outcome> = {}): Row => ({
  policy,
  means: LOADS.map((_, load) => outcome(load === 0 ? { ...more, ...first } : more)),
});
const keda = row("keda-hpa", { instanceHours: 20, ratioToLowerBound: 2, scaleOuts: 20 });
/** Cheaper, but too late: no rival. */
const late = row("late", { instanceHours: 1, shareInTime: 0.99 });
const missed = (goals: ReturnType<typeof patientGoals>) =>
  goals.flatMap(({ goal, holds }) => (holds ? [] : [goal]));

describe("goals with a target above the boot time", () => {
  it("hold when ours is in time, near the bound and cheaper than whoever is in time", () => {
    expect(missed(patientGoals([row("drover"), keda, late]))).toEqual([]);
  });
  it.each([
    [{ shareInTime: 0.99 }, "in time on every load"],
    [{ ratioToLowerBound: 2.4 }, "no load > 2.3"],
    [{ instanceHours: 22 }, "no load > 5 %"],
    [{ killedByScaleIn: 1 }, "no job killed"],
    [{ scaleOuts: 5000 }, "half of KEDA's"],
  ])("fall short with one load at %j", (first, part) => {
    expect(missed(patientGoals([row("drover", {}, first), keda, late])).join()).toContain(part);
  });
  it("judge the hundredfold step by its longest wait and its cost", () => {
    const slow = row("drover", { waitS: { mean: 1, p50: 1, p95: 1, p99: 1, max: 600 } });
    expect(missed(patientGoals([slow, keda])).filter((text) => text.startsWith("x100"))).toHaveLength(2);
  });
});

describe("goals with a target below the boot time", () => {
  it("compare with the cheapest tuned baseline of each load, at the share of each", () => {
    const duel = { load: "steady", share: 0.95, own: outcome({ shareInTime: 0.96 }) };
    const rival = (instanceHours: number) => ({
      policy: "keda-hpa:queueLength=4",
      mean: outcome({ instanceHours }),
    });
    expect(missed(tightGoals([{ ...duel, rival: rival(15) }]))).toEqual([]);
    expect(missed(tightGoals([{ ...duel, rival: rival(14) }]))).toHaveLength(1);
    expect(missed(tightGoals([{ ...duel, share: 0.98, rival: rival(15) }]))).toHaveLength(1);
  });
  it("take the cheapest that reaches the share", () => {
    const tried = [
      { policy: "late", mean: outcome({ shareInTime: 0.9, instanceHours: 1 }) },
      { policy: "dear", mean: outcome({ instanceHours: 30 }) },
      { policy: "best", mean: outcome({ instanceHours: 3 }) },
    ];
    expect(cheapest(tried, 0.95)?.policy).toBe("best");
    expect(cheapest(tried.slice(0, 1), 0.95)).toBeUndefined();
  });
});

describe("goals of spot", () => {
  const hedge = row("spothedge", { dollars: 0.8 });
  it("compare dollars with on demand and with SpotHedge", () => {
    expect(missed(spotGoals([row("drover", { dollars: 0.7 }), hedge], row("drover")))).toEqual([]);
    expect(missed(spotGoals([row("drover", { dollars: 0.75 }), hedge], row("drover")))).toHaveLength(2);
    const losing = row("drover", { dollars: 0.6, lostWorkShare: 0.006 });
    expect(missed(spotGoals([losing, hedge], row("drover")))).toHaveLength(1);
  });
});

it("a table says of each goal whether it holds", () => {
  const table = goalsTable(patientGoals([row("drover", { killedByScaleIn: 2 }), keda]));
  expect(table).toMatch(/\| no job killed by scale-in \| +\d+ \| \*\*short\*\* \|/);
  expect(table).toMatch(/\| holds \|/);
});
