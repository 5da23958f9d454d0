import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { corridorOf } from "../../../autoscaler/lower-bound/corridor.ts";
import { corridorBound, lowerBound } from "../../../autoscaler/lower-bound/lower-bound.ts";
import { dualSimplex } from "./dual-simplex.ts";

/** The programme of the bound, written out in full for the general solver. Steps of one second. */
function boundBySimplex(least: readonly number[], most: readonly number[], bootS: number): number {
  const steps = least.length;
  const variable = { work: 0, count: steps, rise: 2 * steps };
  const rows: number[][] = [];
  const limits: number[] = [];
  const add = (entries: [number, number][], limit: number) => {
    const row = Array.from({ length: 3 * steps }, () => 0);
    for (const [at, value] of entries) row[at] = value;
    rows.push(row);
    limits.push(limit);
  };
  for (let step = 0; step < steps; step++) {
    const before = step > 0;
    add(
      [
        [variable.work + step, 1],
        [variable.count + step, -1],
        ...(before ? [[variable.work + step - 1, -1] as [number, number]] : []),
      ],
      0,
    );
    add(
      [
        [variable.count + step, 1],
        [variable.rise + step, -1],
        ...(before ? [[variable.count + step - 1, -1] as [number, number]] : []),
      ],
      0,
    );
    add([[variable.work + step, 1]], most[step] ?? 0);
    add([[variable.work + step, -1]], -(least[step] ?? 0));
  }
  const costs = Array.from({ length: 3 * steps }, (_, at) => (at < steps ? 0 : at < 2 * steps ? 1 : bootS));
  return dualSimplex(costs, rows, limits);
}

const jobs = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 10, noNaN: true }),
    service: fc.double({ min: 0.1, max: 6, noNaN: true }),
  }),
  { minLength: 1, maxLength: 8 },
);

describe("lower bound", () => {
  it("is the optimum that a general solver finds", () => {
    const boot = fc.double({ min: 0, max: 12, noNaN: true });
    const wait = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(jobs, wait, boot, fc.integer({ min: 1, max: 3 }), (list, targetWaitS, bootS, slots) => {
        const sorted = list.toSorted((left, right) => left.at - right.at);
        const corridor = corridorOf(
          {
            arrivalS: Float64Array.from(sorted, ({ at }) => at),
            serviceS: Float32Array.from(sorted, ({ service }) => service),
          },
          targetWaitS,
          slots,
          1,
        );
        const exact = boundBySimplex([...corridor.least], [...corridor.most], bootS);
        const found = corridorBound(corridor, bootS);
        expect(found).toBeLessThanOrEqual(exact * (1 + 1e-9) + 1e-9);
        expect(found).toBeGreaterThanOrEqual(exact * (1 - 1e-4) - 1e-6);
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it("counts the work of a job exactly, from its arrival or from its latest start", () => {
    const one = { arrivalS: Float64Array.of(2.5), serviceS: Float32Array.of(4) };
    const { least, most } = corridorOf(one, 3, 2, 1);
    expect([...most].slice(0, 8)).toEqual([0, 0, 0.25, 0.75, 1.25, 1.75, 2, 2]);
    expect([...least].slice(0, 11)).toEqual([0, 0, 0, 0, 0, 0.25, 0.75, 1.25, 1.75, 2, 2]);
  });

  it("is the work plus one start of the fleet for a load that never changes", () => {
    // One job a second of 4 seconds in 4 slots: one instance, always busy.
    const arrivalS = Float64Array.from({ length: 3600 }, (_, at) => at);
    const bound = lowerBound({
      arrivalS,
      serviceS: new Float32Array(3600).fill(4),
      targetWaitS: 60,
      slots: 4,
      bootS: 180,
    });
    expect(bound).toBeGreaterThan(3600 + 170);
    expect(bound).toBeLessThan(3600 + 181);
  });

  it("falls when jobs may wait longer", () => {
    const arrivalS = Float64Array.from(
      { length: 400 },
      (_, at) => Math.floor(at / 100) * 900 + (at % 100) / 10,
    );
    const serviceS = new Float32Array(400).fill(20);
    const bounds = [30, 60, 300, 900].map((targetWaitS) =>
      lowerBound({ arrivalS, serviceS, targetWaitS, slots: 4, bootS: 180 }),
    );
    expect(bounds).toEqual(bounds.toSorted((left, right) => right - left));
    expect(bounds[0]).toBeGreaterThan((bounds[3] ?? 0) * 1.5);
  });
});
