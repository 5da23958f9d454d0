import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chooseCanaries, judgeCanary } from "../../../../operator/deploy/canary.ts";
import type { InstanceRelease } from "../../../../operator/deploy/fleet.ts";

const names = (count: number) => Array.from({ length: count }, (_, index) => `i-${index}`);

describe("chooseCanaries", () => {
  test("takes at least one, never all", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 300 }), fc.nat(100), (count, percent) => {
        const chosen = chooseCanaries(`${percent}%`, names(count));
        expect(chosen.length).toBeGreaterThanOrEqual(1);
        expect(chosen.length).toBeLessThan(count);
        expect(new Set(chosen).size).toBe(chosen.length);
      }),
    );
  });

  test("takes the share, or the number", () => {
    expect(chooseCanaries("10%", names(50))).toHaveLength(5);
    expect(chooseCanaries("3", names(50))).toHaveLength(3);
  });

  test.each([0, 1])("is impossible with %i instances", (count) => {
    expect(() => chooseCanaries("10%", names(count))).toThrow(
      expect.objectContaining({ code: "canary-impossible" }),
    );
  });

  test.each(["", "ten", "-1", "10 %", "%"])("refuses %j", (share) => {
    expect(() => chooseCanaries(share, names(5))).toThrow(
      expect.objectContaining({ code: "config-invalid" }),
    );
  });
});

const instance = (it: Partial<InstanceRelease>): InstanceRelease => ({
  takesJobs: true,
  instance: "i-0",
  release: "2",
  serial: 1,
  problem: "",
  startedAt: 0,
  done: 0,
  failed: 0,
  ageS: 0,
  isChanging: false,
  ...it,
});

const judge = (canary: Partial<InstanceRelease>, others: Partial<InstanceRelease>, ageS = 10) =>
  judgeCanary({
    version: "2",
    chosen: ["i-0"],
    instances: [instance(canary), instance({ instance: "i-1", release: "1", ...others })],
    ageS,
    bakeS: 300,
  }).verdict;

describe("judgeCanary", () => {
  test.each([
    ["waits while it does well", { done: 50 }, { done: 50 }, 10, "wait"],
    ["promotes it when it has done well for long enough", { done: 50 }, { done: 50 }, 301, "promote"],
    [
      "takes it back as soon as it fails more than the others",
      { done: 5, failed: 5 },
      { done: 90, failed: 10 },
      10,
      "rollback",
    ],
    [
      "does not blame it for what fails everywhere",
      { done: 50, failed: 50 },
      { done: 50, failed: 50 },
      301,
      "promote",
    ],
    ["concludes nothing from two failures", { done: 0, failed: 2 }, { done: 90 }, 10, "wait"],
    [
      "takes it back when an instance refuses it",
      { release: "1", problem: "release-refused 2 is refused" },
      {},
      10,
      "rollback",
    ],
    ["waits for it to start", { release: "1" }, {}, 100, "wait"],
    ["takes it back when it never starts", { release: "1" }, {}, 181, "rollback"],
    ["waits for its first job while others have work", {}, { done: 9 }, 301, "wait"],
    ["promotes it when nobody has work", {}, {}, 301, "promote"],
  ])("%s", (_what, canary, others, ageS, verdict) => {
    expect(judge(canary, others, ageS)).toBe(verdict);
  });
});
