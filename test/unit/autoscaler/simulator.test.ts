import { describe, expect, it } from "vitest";
import { droverPolicy } from "../../../autoscaler/decide.ts";
import type { Policy } from "../../../autoscaler/policy.ts";
import { baselineNamed } from "../../../autoscaler/policies/registry.ts";
import { simulate } from "../../../autoscaler/simulator/engine.ts";
import { summarise } from "../../../autoscaler/simulator/summary.ts";
import type { PoolWorld, World } from "../../../autoscaler/simulator/world.ts";
import type { Action } from "../../../autoscaler/snapshot.ts";
import { settings } from "./snapshots.ts";

const pool: PoolWorld = {
  name: "on-demand",
  market: "on-demand",
  region: "home",
  zone: "home-a",
  slots: 2,
  pricePerHour: 0.36,
  boot: { meanS: 100, sample: () => 100 },
  refusalShare: 0,
  reclaimsPerHour: 0,
};

function world(arrivals: number[], serviceS: number, more: Partial<World> = {}): World {
  return {
    workload: {
      arrivalS: Float64Array.from(arrivals),
      serviceS: new Float32Array(arrivals.length).fill(serviceS),
      durationS: 600,
    },
    pools: [pool],
    outages: [],
    noticeS: 120,
    seed: 1,
    ...more,
  };
}

/** Acts at given times, whatever it sees. */
const scripted = (script: Record<number, Action[]>): Policy<null> => ({
  name: "scripted",
  periodS: 10,
  start: () => null,
  decide: ({ atS }) => ({ actions: script[atS] ?? [], sentence: "", state: null }),
});

const launch = (count: number): Action => ({ kind: "launch", pool: "on-demand", count });

describe("a run worked by hand", () => {
  // Two slots, up at 100 s. Five jobs of 30 s: two start at 100, two at 130, the last at 160.
  const policy = scripted({ 0: [launch(1)], 200: [{ kind: "terminate", ids: ["i-0"] }] });
  const five = world([10, 20, 30, 40, 50], 30);

  it("starts jobs in order as slots come free", () => {
    expect([...simulate(five, policy, settings).waitS]).toEqual([90, 80, 100, 90, 110]);
  });

  it("bills from launch to end, and at least a minute or whole hours", () => {
    const { instanceHours, dollars } = summarise(simulate(five, policy, settings), five, settings);
    expect(instanceHours).toBe(200 / 3600);
    expect(dollars).toBeCloseTo(0.02, 9);
    const hourly = { ...settings, billing: "hourly" as const };
    expect(summarise(simulate(five, policy, hourly), five, hourly).instanceHours).toBe(1);
    const brief = scripted({ 0: [launch(1)], 20: [{ kind: "terminate", ids: ["i-0"] }] });
    const none = world([], 1);
    expect(summarise(simulate(none, brief, settings), none, settings).instanceHours).toBe(60 / 3600);
  });

  it("restarts the jobs of an instance that is ended while busy, and counts what was lost", () => {
    const killer = scripted({ 0: [launch(2)], 110: [{ kind: "terminate", ids: ["i-0"] }] });
    const run = simulate(world([1, 1, 1, 1], 30), killer, settings);
    expect(run.killedByScaleIn).toBe(2);
    expect(run.lostWorkS).toBe(20);
    // The first starts count, and the run ends when the restarted ones are done.
    expect([...run.waitS]).toEqual([99, 99, 99, 99]);
  });

  it("lets a cordoned instance finish and gives it nothing new until it is taken back", () => {
    const resting = scripted({
      0: [launch(1)],
      110: [{ kind: "cordon", ids: ["i-0"] }],
      200: [{ kind: "uncordon", ids: ["i-0"] }],
    });
    expect([...simulate(world([1, 1, 1], 30), resting, settings).waitS]).toEqual([99, 99, 199]);
  });

  it("gives no job to an instance that was cordoned while it booted, until it is taken back", () => {
    const early = scripted({
      0: [launch(1)],
      50: [{ kind: "cordon", ids: ["i-0"] }],
      150: [{ kind: "uncordon", ids: ["i-0"] }],
    });
    expect([...simulate(world([1], 30), early, settings).waitS]).toEqual([149]);
    const sooner = scripted({
      0: [launch(1)],
      50: [{ kind: "cordon", ids: ["i-0"] }],
      60: [{ kind: "uncordon", ids: ["i-0"] }],
    });
    expect([...simulate(world([1], 30), sooner, settings).waitS]).toEqual([99]);
  });

  it("counts jobs that never start as late for ever", () => {
    const idle = scripted({});
    const run = simulate(world([1], 30), idle, settings);
    expect(run.waitS[0]).toBe(Infinity);
    expect(summarise(run, world([1], 30), settings).shareInTime).toBe(0);
  });
});

describe("the world", () => {
  it("takes an instance back with a notice, and the job it could not finish starts again", () => {
    const capacity = { fromS: Float64Array.of(0, 150), instances: Int32Array.of(2, 1) };
    const spot: PoolWorld = { ...pool, capacity };
    const run = simulate(world([1, 1, 1, 1], 200, { pools: [spot] }), scripted({ 0: [launch(2)] }), settings);
    expect(run.reclaims).toBe(1);
    expect(run.redoneAfterReclaim).toBe(2);
    // Started at 100, handed back at 150, since nobody knows how long they take.
    expect(run.lostWorkS).toBe(100);
    expect(run.hosts.filter(({ endedAtS }) => endedAtS === 270)).toHaveLength(1);
  });

  it("lets a job that usually ends in time end on an instance that is taken back", () => {
    const capacity = { fromS: Float64Array.of(0, 150), instances: Int32Array.of(2, 1) };
    const pools = [{ ...pool, capacity }];
    // Four run from 100 to 130, which shows how long they take, four more from then on.
    const run = simulate(
      world([1, 1, 1, 1, 1, 1, 1, 1], 30, { pools }),
      scripted({ 0: [launch(2)] }),
      settings,
    );
    expect([run.reclaims, run.redoneAfterReclaim]).toEqual([1, 0]);
  });

  it("refuses launches where there is no room", () => {
    const capacity = { fromS: Float64Array.of(0), instances: Int32Array.of(1) };
    const run = simulate(
      world([1], 10, { pools: [{ ...pool, capacity }] }),
      scripted({ 0: [launch(5)] }),
      settings,
    );
    expect(run.hosts).toHaveLength(1);
  });

  it("shows a policy old counters or none in an outage", () => {
    const seen: (number | undefined)[] = [];
    const watcher: Policy<null> = {
      ...scripted({}),
      decide: ({ queue, atS }) => {
        seen.push(queue === undefined ? undefined : atS - queue.readAtS);
        return { actions: atS === 0 ? [launch(1)] : [], sentence: "", state: null };
      },
    };
    const outages = [
      { kind: "stale" as const, fromS: 20, toS: 50 },
      { kind: "missing" as const, fromS: 50, toS: 60 },
    ];
    simulate(world([1], 10, { outages }), watcher, settings);
    expect(seen.slice(0, 7)).toEqual([0, 0, 10, 20, 30, undefined, 0]);
  });
});

const random = (seed: number) => {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
};
const next = random(5);
const arrivals = Array.from({ length: 900 }, () => next() * 5000 + (next() < 0.5 ? 2000 : 0)).toSorted(
  (left, right) => left - right,
);
const busy: World = {
  ...world(arrivals, 40),
  workload: {
    arrivalS: Float64Array.from(arrivals),
    serviceS: new Float32Array(900).fill(40),
    durationS: 9000,
  },
  pools: [{ ...pool, boot: { meanS: 180, sample: (chance) => 60 + 240 * chance() } }],
};

const waits = (seed: number) => [...simulate({ ...busy, seed }, droverPolicy, settings).waitS];

const killed = (name: string) => {
  const policy = baselineNamed(name);
  return policy === undefined ? -1 : simulate(busy, policy, settings).killedByScaleIn;
};

describe("policies in it", () => {
  it("gives the same run for the same seed, and another for another", () => {
    expect(waits(1)).toEqual(waits(1));
    expect(waits(1)).not.toEqual(waits(2));
  });

  it("drover starts all in time, kills nothing, and shrinks to nothing", () => {
    const run = simulate(busy, droverPolicy, settings);
    const summary = summarise(run, busy, settings);
    expect(summary.shareInTime).toBeGreaterThan(0.995);
    expect(summary.killedByScaleIn).toBe(0);
    expect(run.hosts.every(({ endedAtS }) => endedAtS !== undefined)).toBe(true);
  });

  it("drover neither doubles nor shrinks while the queue cannot be read", () => {
    const outages = [{ kind: "missing" as const, fromS: 3000, toS: 4000 }];
    const run = simulate({ ...busy, outages }, droverPolicy, settings);
    const changed = run.hosts.filter(({ view, endedAtS = Infinity }) =>
      [view.launchedAtS, endedAtS].some((atS) => atS >= 3000 && atS < 4000),
    );
    expect(changed).toEqual([]);
    expect(run.waitS.every((wait) => wait < Infinity)).toBe(true);
  });

  it("a random victim costs jobs, an empty one none", () => {
    expect(killed("keda-hpa")).toBe(0);
    expect(killed("keda-hpa-random")).toBeGreaterThan(0);
  });
});
