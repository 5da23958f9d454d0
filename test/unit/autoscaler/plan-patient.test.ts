import { describe, expect, it } from "vitest";
import { decide } from "../../../autoscaler/decide.ts";
import type { Settings } from "../../../autoscaler/policy.ts";
import { startState } from "../../../autoscaler/state.ts";
import { instance, instances, onDemand, scene, settings, snapshot } from "./snapshots.ts";
import { every10, kinds, launched, walk } from "./walk.ts";

const idleSince = (launchedAtS: number) =>
  snapshot({ atS: 9000, instances: instances(1, 9000, { idleSinceS: 0, launchedAtS }) });

const quarterBusy = (atS: number) => [
  ...instances(2, atS, { inFlight: 4 }),
  instance("one", atS, { inFlight: 1 }),
  instance("none", atS, { idleSinceS: 0 }),
];

describe("jobs that may wait", () => {
  it("launches from nothing, insured against one slow boot", () => {
    const { actions } = walk([snapshot({ waiting: 1, meanS: 10 })]);
    expect(launched(actions)).toBe(2);
  });

  it("launches nothing for a queue that the fleet finishes in time", () => {
    // 8 slots of 10 s jobs start 8 jobs in 10 s: 200 in 250 s.
    const fleet = instances(2, 1000, { inFlight: 4 });
    const moments = (waiting: number) =>
      every10(60, (atS) =>
        snapshot({ atS, meanS: 10, inFlight: 8, waiting, instances: fleet, arrived: 10_000 + waiting }),
      );
    expect(walk(moments(150)).actions).toEqual([]);
    expect(launched(walk(moments(400)).actions)).toBeGreaterThan(0);
  });

  it("launches for a late job however careful it is, when every boot takes nearly all of the target", () => {
    const bootS = { samples: 50, meanS: 250, p10S: 250, p50S: 250, p90S: 250, p99S: 250 };
    const moment = snapshot({ waiting: 1, meanS: 10, pools: [{ ...onDemand, bootS }] });
    expect(launched(decide(moment, settings, { ...startState(), caution: 2 }).actions)).toBeGreaterThan(0);
  });

  it.each([
    ["may wait", 300, 0.4, 4],
    ["may wait", 300, 60, 64],
    ["may not wait", 60, 0.4, 4],
  ])("never leaves a lonely job that %s (%d s, works %d s, %d slots)", (_, targetWaitS, meanS, slots) => {
    const moment = snapshot({ waiting: 1, meanS, pools: [{ ...onDemand, slots }] });
    const bold = { ...startState(), caution: -1.5 };
    expect(launched(decide(moment, { ...settings, targetWaitS }, bold).actions)).toBeGreaterThan(0);
  });

  it("gives up what boots when others start every job in good time, but no paid hour", () => {
    const fleet = [
      ...instances(1, 1000, { inFlight: 1 }),
      ...instances(2, 1000, { state: "booting", launchedAtS: 900 }),
    ];
    const moment = (waiting: number) => snapshot({ waiting, meanS: 10, inFlight: 1, instances: fleet });
    expect(walk([moment(0)]).actions).toEqual([{ kind: "cordon", ids: ["i-booting-0", "i-booting-1"] }]);
    expect(walk([moment(200)]).actions).toEqual([]);
    expect(walk([moment(0)], { ...settings, billing: "hourly" }).actions).toEqual([]);
    expect(walk([moment(0)], { ...settings, minInstances: 2 }).actions).toEqual([
      { kind: "cordon", ids: ["i-booting-0"] },
    ]);
  });

  it("asks for more when few long jobs may end in time than when many short ones surely do", () => {
    // Either way the running jobs are expected to end in time for those that wait.
    const moment = (meanS: number, count: number) =>
      snapshot({
        meanS,
        inFlight: 4 * count,
        waiting: Math.round((4 * count * 230) / meanS),
        instances: instances(count, 1000, { inFlight: 4 }),
      });
    expect(launched(walk([moment(900, 10)]).actions)).toBeGreaterThan(0);
    expect(launched(walk([moment(10, 10)]).actions)).toBe(0);
  });

  it("takes resting instances back before it launches", () => {
    const fleet = [
      ...instances(1, 1000, { inFlight: 4 }),
      instance("resting", 1000, { state: "cordoned", inFlight: 2, cordonedAtS: 990 }),
      instance("lost", 1000, { state: "cordoned", inFlight: 2, noticeAtS: 990 }),
    ];
    const { actions } = walk([snapshot({ waiting: 200, meanS: 20, inFlight: 8, instances: fleet })]);
    expect(actions[0]).toEqual({ kind: "uncordon", ids: ["resting"] });
  });

  it("rests what had no work for two minutes, the emptiest first", () => {
    const quiet = scene((atS) => ({ inFlight: 9, arrived: 1000, instances: quarterBusy(atS) }));
    expect(walk(every10(100, quiet)).actions).toEqual([]);
    expect(walk(every10(110, quiet)).actions).toEqual([{ kind: "cordon", ids: ["none", "one"] }]);
  });

  it("lets the last one go after a boot's time without work, and sooner when the gaps are known to be long", () => {
    const idle = scene((atS) => ({ instances: instances(1, atS, { idleSinceS: 0 }) }));
    expect(walk(every10(150, idle)).actions).toEqual([]);
    expect(kinds(walk(every10(330, idle)).actions)).toEqual(["cordon"]);
    const known = { ...startState(), gaps: [0, 0, 0, 0, 0, 0, 0, 0, 0, 200] };
    expect(kinds(decide(idle(20), settings, known).actions)).toEqual(["cordon"]);
  });

  it("asks later where hours are billed", () => {
    const own: Settings = { ...settings, billing: "hourly" };
    const busy = instances(2, 1000, { inFlight: 4 });
    // 8 slots of 10 s jobs start 204 jobs in 255 s, and 228 in 285 s.
    const moment = snapshot({ waiting: 215, meanS: 10, inFlight: 8, instances: busy });
    expect(launched(walk([moment]).actions)).toBeGreaterThan(0);
    expect(launched(walk([moment], own).actions)).toBe(0);
  });

  it("waits for the end of a paid hour where hours are billed", () => {
    const own: Settings = { ...settings, billing: "hourly" };
    expect(walk([idleSince(9000 - 1800)], own).actions).toEqual([]);
    expect(kinds(walk([idleSince(9000 - 3400)], own).actions)).toEqual(["cordon"]);
  });
});
