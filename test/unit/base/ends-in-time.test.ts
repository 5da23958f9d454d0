import { describe, expect, test } from "vitest";
import { endsInTime } from "../../../base/ends-in-time.ts";

const lasted = (runs: readonly number[]) => (seconds: number) => runs.filter((it) => it >= seconds).length;
const judge = (runningS: number, runs: readonly number[], limitS = Infinity) =>
  endsInTime({ runningS, leftS: 110, limitS }, lasted(runs));

describe("a run whose machine is taken away in 110 seconds", () => {
  test("that has always taken 180 seconds is expected to end after 71 of them, not before", () => {
    expect([judge(0, [180, 180]), judge(70, [180, 180]), judge(71, [180, 180])]).toEqual([
      false,
      false,
      true,
    ]);
  });

  test("is judged by those that lasted as long: the long ones of a mixed lot run on", () => {
    const mixed = [10, 10, 10, 10, 10, 10, 500, 500];
    expect([judge(5, mixed), judge(20, mixed), judge(400, mixed)]).toEqual([true, false, true]);
  });

  test("is kept when half of those that lasted as long were over by then", () => {
    expect([judge(50, [100, 400]), judge(50, [100, 400, 400])]).toEqual([true, false]);
  });

  test("that outlasts all others is expected to run as long again", () => {
    expect([judge(60, [10]), judge(110, [10]), judge(111, [10])]).toEqual([true, true, false]);
  });

  test("of which nothing is known uses its whole limit", () => {
    expect([judge(5, []), judge(5, [], 3_600), judge(5, [], 115)]).toEqual([false, false, true]);
  });

  test("that is stopped by its limit before ends in time, whatever the others did", () => {
    expect(judge(50, [400, 400], 160)).toBe(true);
  });
});
