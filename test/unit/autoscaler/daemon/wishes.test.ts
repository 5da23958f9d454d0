import { describe, expect, test } from "vitest";
import { settingsAt } from "../../../../autoscaler/daemon/wishes.ts";
import { readConfig } from "../../../../base/config/config.ts";

const wishes = (autoscaler: object) => readConfig(JSON.stringify({ autoscaler }), {}).autoscaler;

describe("what a person has set", () => {
  test("reaches the policy; a budget of nothing is none", () => {
    const set = { target_wait_s: 60, max_instances: 7, min_instances: 2, billing: "hourly" };
    expect(settingsAt(wishes({ ...set, target_share: 0.9 }), 0)).toEqual({
      targetWaitS: 60,
      targetShare: 0.9,
      maxInstances: 7,
      minInstances: 2,
      billing: "hourly",
    });
    expect(settingsAt(wishes({ budget_per_hour: 3 }), 0).budgetPerHour).toBe(3);
  });

  // The 25th of November 2026 is a Wednesday.
  test.each([
    ["2026-11-25T07:59:59Z", 1],
    ["2026-11-25T08:00:00Z", 4],
    ["2026-11-25T16:59:59Z", 4],
    ["2026-11-25T17:00:00Z", 1],
    ["2026-11-28T12:00:00Z", 1],
  ])("raises the minimum by a schedule on the days it names: %s", (time, least) => {
    const floor = { instances: 4, days: ["mon", "wed"], from: "08:00", to: "17:00" };
    expect(settingsAt(wishes({ min_instances: 1, floors: [floor] }), Date.parse(time)).minInstances).toBe(
      least,
    );
  });

  test.each([
    ["2026-11-25T21:59:00Z", 0],
    ["2026-11-25T22:00:00Z", 4],
    ["2026-11-26T05:59:00Z", 4],
    ["2026-11-26T06:00:00Z", 0],
    ["2026-11-26T22:00:00Z", 0],
  ])("over midnight it is the day on which it began that counts: %s", (time, least) => {
    const floor = { instances: 4, days: ["wed"], from: "22:00", to: "06:00" };
    expect(settingsAt(wishes({ floors: [floor] }), Date.parse(time)).minInstances).toBe(least);
  });

  test("a schedule goes by the clocks of its place, summer time included, and never above the maximum", () => {
    const floor = { instances: 40, from: "08:00", to: "09:00", time_zone: "Europe/Berlin" };
    const at = (time: string) =>
      settingsAt(wishes({ max_instances: 5, floors: [floor] }), Date.parse(time)).minInstances;
    expect([at("2026-11-25T07:30:00Z"), at("2026-07-01T06:30:00Z")]).toEqual([5, 5]);
    expect([at("2026-11-25T06:30:00Z"), at("2026-07-01T07:30:00Z")]).toEqual([0, 0]);
  });
});
