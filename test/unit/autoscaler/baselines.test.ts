import { describe, expect, it } from "vitest";
import type { Policy } from "../../../autoscaler/policy.ts";
import { baselineNamed, baselineNames } from "../../../autoscaler/policies/registry.ts";
import type { InstanceView } from "../../../autoscaler/snapshot.ts";
import { idsOf, last, launched, left, repeated } from "./baseline-walk.ts";
import { instance, instances, scene, settings, snapshot } from "./snapshots.ts";

describe("aws-target-tracking", () => {
  // W 300 s, E[s] 60 s, S 4: an instance may have 20 messages waiting.
  it("goes out to ceil(N · m / T)", () => {
    const busy = snapshot({ waiting: 130, inFlight: 16, instances: instances(4, 1000, { inFlight: 4 }) });
    // m = 130 / 4 = 32.5; ceil(4 · 32.5 / 20) = 7.
    expect(launched(last("aws-target-tracking", [busy]))).toBe(3);
  });
  it("does not count warming instances twice", () => {
    const warming = [...instances(4, 1000), ...instances(3, 1000, { state: "booting" })];
    expect(last("aws-target-tracking", [snapshot({ waiting: 130, instances: warming })])).toEqual([]);
  });
  it("goes in to floor(N · m / T) after 15 minutes below, not before", () => {
    const quiet = scene((atS) => ({ waiting: 45, instances: instances(4, atS) }));
    // m = 11.25; floor(4 · 11.25 / 20) = 2.
    expect(last("aws-target-tracking", repeated(60, 840, quiet))).toEqual([]);
    expect(left(last("aws-target-tracking", repeated(60, 900, quiet)))).toBe(2);
  });
  it("does not go in while a scale-out is in progress", () => {
    const warming = scene((atS) => ({
      waiting: 45,
      instances: [...instances(4, atS), instance("new", atS, { state: "booting" })],
    }));
    expect(last("aws-target-tracking", repeated(60, 1800, warming))).toEqual([]);
  });
  it("starts from nothing, however long the backlog has been below the target", () => {
    const lonely = scene((atS) => ({ waiting: atS < 1800 ? 0 : 1 }));
    expect(launched(last("aws-target-tracking", repeated(60, 1800, lonely)))).toBe(1);
  });
  it("does not see jobs in flight", () => {
    const full = scene((atS) => ({ inFlight: 16, instances: instances(4, atS, { inFlight: 4 }) }));
    expect(idsOf(last("aws-target-tracking", repeated(60, 900, full)), "cordon")).toHaveLength(4);
  });
});

// 3600 jobs of 60 s in the hour from 10 to 11: 60 slots busy, 15 instances.
const arrivedBy = (atS: number) => Math.min(3600, Math.max(0, atS - 36_000));

describe("aws-predictive", () => {
  it("raises the floor to what the same hour needed a day before", () => {
    const day = repeated(600, 86_400 + 36_000, (atS) => snapshot({ atS, arrived: arrivedBy(atS) }));
    expect(launched(last("aws-predictive", day))).toBe(15);
    expect(launched(last("aws-predictive", day.slice(0, -2)))).toBe(0);
  });
  it("leaves more than the forecast alone: shrinking is for target tracking", () => {
    const end = 86_400 + 36_600;
    const day = repeated(600, end, (atS) =>
      snapshot({ atS, arrived: arrivedBy(atS), waiting: 400, instances: instances(20, atS) }),
    );
    // A backlog of 400 at 20 an instance wants the 20 that there are; the forecast wants 15.
    expect(last("aws-predictive", day)).toEqual([]);
  });
});

describe("ecs-managed", () => {
  it("jumps from zero to two", () => {
    expect(launched(last("ecs-managed", [snapshot({ waiting: 100 })]))).toBe(2);
  });
  it("goes out to the packed need, unless an instance is younger than 300 s", () => {
    const old = instances(2, 1000, { inFlight: 4 });
    // M = ceil(108 / 4) = 27, N = 2: CPR 1350, so 27 instances.
    expect(launched(last("ecs-managed", [snapshot({ waiting: 100, inFlight: 8, instances: old })]))).toBe(25);
    const young = [...old, instance("new", 1000, { launchedAtS: 750 })];
    expect(launched(last("ecs-managed", [snapshot({ waiting: 100, inFlight: 8, instances: young })]))).toBe(
      0,
    );
  });
  it("goes in after 15 minutes, at most half", () => {
    const idle = scene((atS) => ({ inFlight: 1, instances: instances(9, atS) }));
    expect(left(last("ecs-managed", repeated(60, 840, idle)))).toBe(0);
    expect(left(last("ecs-managed", repeated(60, 900, idle)))).toBe(5);
  });
});

describe("keda-hpa", () => {
  it("goes up by at most 100 % or 4, to ceil((Q + F) / queueLength)", () => {
    // 100 jobs at 4 each want 25; from 6 the limit is max(12, 10).
    expect(launched(last("keda-hpa", [snapshot({ waiting: 100, instances: instances(6, 1000) })]))).toBe(6);
    expect(launched(last("keda-hpa", [snapshot({ waiting: 100, instances: instances(2, 1000) })]))).toBe(4);
    expect(launched(last("keda-hpa", [snapshot({ waiting: 33, instances: instances(6, 1000) })]))).toBe(3);
  });
  it("keeps the size within 10 %", () => {
    expect(last("keda-hpa", [snapshot({ waiting: 43, instances: instances(10, 1000) })])).toEqual([]);
  });
  it("starts with one and goes down to the highest recommendation of 300 s", () => {
    expect(launched(last("keda-hpa", [snapshot({ waiting: 100 })]))).toBe(1);
    const falling = scene((atS) => ({ waiting: atS < 60 ? 40 : 8, instances: instances(10, atS) }));
    expect(last("keda-hpa", repeated(15, 330, falling))).toEqual([]);
    expect(left(last("keda-hpa", repeated(15, 375, falling)))).toBe(8);
  });
  it("goes to zero only 300 s after the last work", () => {
    const over = scene((atS) => ({ inFlight: atS === 0 ? 4 : 0, instances: instances(1, atS) }));
    expect(last("keda-hpa", repeated(15, 300, over))).toEqual([]);
    expect(left(last("keda-hpa", repeated(15, 345, over)))).toBe(1);
  });
});

describe("knative-kpa", () => {
  it("wants ceil(average concurrency / (0.7 · S))", () => {
    const steady = scene((atS) => ({ inFlight: 20, instances: instances(6, atS) }));
    // 20 / 2.8 = 7.14.
    expect(launched(last("knative-kpa", repeated(2, 60, steady)))).toBe(2);
  });
  it("panics at twice the ready ones and then does not shrink for 60 s", () => {
    const jump = scene((atS) => ({
      waiting: atS <= 6 ? 100 : 0,
      instances: instances(atS <= 6 ? 2 : 36, atS),
    }));
    // 100 / 2.8 = 35.7.
    expect(launched(last("knative-kpa", repeated(2, 6, jump)))).toBe(34);
    expect(left(last("knative-kpa", repeated(2, 60, jump)))).toBe(0);
    // After the panic no lower than half of the ready ones.
    expect(left(last("knative-kpa", repeated(2, 140, jump)))).toBe(18);
  });
});

describe("buildkite", () => {
  it("wants ceil((Q + F) / S), one more while under half is available, out each 300 s", () => {
    expect(launched(last("buildkite", [snapshot({ waiting: 30, instances: instances(3, 1000) })]))).toBe(5);
    const booting = [instance("a", 1000), ...instances(2, 1000, { state: "booting" })];
    expect(launched(last("buildkite", [snapshot({ waiting: 30, instances: booting })]))).toBe(6);
    const again = scene((atS) => ({ waiting: 30 + atS, instances: instances(3, atS) }));
    expect(launched(last("buildkite", repeated(10, 290, again)))).toBe(0);
    expect(launched(last("buildkite", repeated(10, 300, again)))).toBe(80);
  });
  it("lets instances go that were idle for 600 s", () => {
    const idle = instances(3, 1000, { idleSinceS: 400 });
    const mixed = [
      ...idle,
      instance("busy", 1000, { inFlight: 1 }),
      instance("fresh", 1000, { idleSinceS: 401 }),
    ];
    const first = snapshot({ inFlight: 1, instances: mixed });
    const policy = baselineNamed("buildkite") as Policy;
    const state = { lastOutS: 900, lastInS: -Infinity };
    expect(idsOf(policy.decide(first, settings, state).actions, "terminate")).toEqual(
      idle.map(({ id }) => id),
    );
  });
});

describe("buildkite's way in", () => {
  it("is open an hour after the last one, and after the last way out", () => {
    const policy = baselineNamed("buildkite") as Policy;
    const busy = instances(9, 5000, { inFlight: 1 });
    const moment = snapshot({ atS: 5000, inFlight: 9, instances: busy });
    const shrunk = (lastOutS: number, lastInS: number) =>
      left(policy.decide(moment, settings, { lastOutS, lastInS }).actions);
    // ceil(9 / 4) = 3 of nine stay.
    expect([shrunk(-1e9, 1400), shrunk(-1e9, 1401), shrunk(1401, -1e9)]).toEqual([6, 0, 0]);
  });
});

describe("github-runner", () => {
  it("starts one instance for each job that has waited 30 s", () => {
    const sent = scene((atS) => ({ waiting: 7, arrived: atS === 0 ? 0 : 7 }));
    expect(launched(last("github-runner", repeated(10, 30, sent)))).toBe(0);
    expect(launched(last("github-runner", repeated(10, 40, sent)))).toBe(7);
    expect(launched(last("github-runner", repeated(10, 50, sent)))).toBe(0);
  });
  it("stops idle instances older than 5 minutes every 5 minutes", () => {
    const fleet = [
      instance("old", 1000),
      instance("young", 1000, { launchedAtS: 701 }),
      instance("busy", 1000, { inFlight: 1 }),
    ];
    expect(idsOf(last("github-runner", [snapshot({ inFlight: 1, instances: fleet })]), "terminate")).toEqual([
      "old",
    ]);
  });
});

describe("nomad-target-value", () => {
  it("wants ceil(N · factor) with a dead band of 0.01 and five minutes between changes", () => {
    // (Q + F) / N = 9, target 4: factor 2.25.
    expect(
      launched(last("nomad-target-value", [snapshot({ waiting: 36, instances: instances(4, 1000) })])),
    ).toBe(5);
    expect(last("nomad-target-value", [snapshot({ waiting: 403, instances: instances(100, 1000) })])).toEqual(
      [],
    );
    const stays = scene((atS) => ({ waiting: 36, instances: instances(4, atS) }));
    expect(launched(last("nomad-target-value", repeated(10, 290, stays)))).toBe(0);
    expect(launched(last("nomad-target-value", repeated(10, 300, stays)))).toBe(5);
  });
});

describe("skyserve-qps", () => {
  it("wants ceil(arrivals of 60 s / 60 / target), up after 300 s and down after 1200 s", () => {
    // 2 a second, S / E[s] = 4 / 60 a second each: 30 instances.
    const rising = scene((atS) => ({ waiting: 1, arrived: 2 * atS, instances: instances(10, atS) }));
    expect(launched(last("skyserve-qps", repeated(20, 300, rising)))).toBe(0);
    expect(launched(last("skyserve-qps", repeated(20, 320, rising)))).toBe(20);
    const falling = scene((atS) => ({ arrived: 2 * atS, instances: instances(40, atS) }));
    expect(left(last("skyserve-qps", repeated(20, 1180, falling)))).toBe(0);
    expect(left(last("skyserve-qps", repeated(20, 1200, falling)))).toBe(10);
    const leftOver = scene(() => ({ waiting: 1, arrived: 1 }));
    expect(launched(last("skyserve-qps", repeated(20, 300, leftOver)))).toBe(1);
  });
});

describe("square-root-staffing", () => {
  it("staffs R + β·√R slots", () => {
    // 0.6 a second for 60 s: R = 36, 36 + 1.5 · 6 = 45 slots, 12 instances.
    const load = scene((atS) => ({ arrived: Math.round(0.6 * atS) }));
    expect(launched(last("square-root-staffing", repeated(10, 300, load)))).toBe(12);
    expect(launched(last("square-root-staffing:beta=4", repeated(10, 300, load)))).toBe(15);
  });
});

const aged = (age: number): InstanceView => instance(`aged-${age}`, 9000, { launchedAtS: 9000 - age });

describe("hourly-2011", () => {
  it("starts what finishes the queue in time and stops only near the end of a paid hour", () => {
    // 200 jobs · 60 s / (4 · 300 s) = 10.
    expect(launched(last("hourly-2011", [snapshot({ waiting: 200, instances: instances(3, 1000) })]))).toBe(
      7,
    );
    const fleet = [aged(3500), aged(1800), aged(7150), aged(3601)];
    const quiet = snapshot({ atS: 9000, instances: fleet });
    expect(idsOf(last("hourly-2011", [quiet]), "terminate")).toEqual(["aged-3500", "aged-7150"]);
  });
});

describe("every baseline", () => {
  it.each(baselineNames)("%s leaves a busy instance alone, and its random variant does not", (name) => {
    const shrink = repeated(60, 7200, (atS) =>
      snapshot({
        atS,
        arrived: 100,
        inFlight: 0,
        instances: instances(5, 3599 + atS, { inFlight: 1, launchedAtS: atS - 3500 }),
      }),
    );
    expect(idsOf(last(name, shrink), "terminate")).toEqual([]);
  });
  it("is found by name, random variant and parameter, and a wrong parameter is refused", () => {
    expect(baselineNamed("keda-hpa:queueLength=9")?.name).toBe("keda-hpa:queueLength=9");
    expect(baselineNamed("nothing")).toBeUndefined();
    expect(() => baselineNamed("keda-hpa:length=9")).toThrow(/queueLength=NUMBER/);
    const full = scene((atS) => ({ inFlight: 16, instances: instances(4, atS, { inFlight: 4 }) }));
    expect(idsOf(last("aws-target-tracking-random", repeated(60, 900, full)), "terminate")).toHaveLength(4);
  });
});
