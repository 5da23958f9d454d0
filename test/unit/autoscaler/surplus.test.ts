import { describe, expect, test } from "vitest";
import { addGap, patienceS } from "../../../autoscaler/surplus.ts";

const BOOT_S = 180;
const known = (...gapsS: number[]) => gapsS.reduce<number[]>((before, gapS) => addGap(before, gapS), []);
const often = (gapS: number, times = 50) => Array.from({ length: times }, () => gapS);

describe("the last instance", () => {
  test("stays for a boot's time while nothing is known of the gaps between jobs", () => {
    expect(patienceS([], BOOT_S)).toBe(BOOT_S);
  });

  test("goes at once where the next job has always been far", () => {
    expect(patienceS(known(...often(3_000)), BOOT_S)).toBe(0);
  });

  test("stays through the gaps that are shorter than a boot, no longer, and never for more than four boots", () => {
    expect(patienceS(known(...often(100)), BOOT_S)).toBeGreaterThanOrEqual(160);
    expect(patienceS(known(...often(100)), BOOT_S)).toBeLessThanOrEqual(BOOT_S);
    expect(patienceS(known(...often(3_000)), 10_000)).toBeLessThanOrEqual(40_000);
  });

  test("stays longer than is cheapest where that costs hardly more and saves boots", () => {
    // Half of the gaps are short; to stay through the others, too, costs as much as to boot again.
    const mixed = known(...often(100, 25).flatMap((gapS) => [gapS, 200]));
    expect(patienceS(mixed, BOOT_S)).toBe(320);
  });
});
