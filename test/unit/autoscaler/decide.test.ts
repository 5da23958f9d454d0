import { describe, expect, it } from "vitest";
import { decide, droverPolicy } from "../../../autoscaler/decide.ts";
import type { Settings } from "../../../autoscaler/policy.ts";
import type { Action, Decision, Snapshot } from "../../../autoscaler/snapshot.ts";
import { startState, type PolicyState } from "../../../autoscaler/state.ts";
import { instance, instances, onDemand, scene, settings, snapshot } from "./snapshots.ts";

const launched = (actions: readonly Action[]) =>
  actions.reduce((sum, action) => sum + (action.kind === "launch" ? action.count : 0), 0);
const kinds = (actions: readonly Action[]) => actions.map(({ kind }) => kind);

/** Decides on each moment in order. */
function walk(moments: readonly Snapshot[], own: Settings = settings): Decision<PolicyState> {
  let decision: Decision<PolicyState> = { actions: [], sentence: "", state: startState() };
  for (const moment of moments) decision = decide(moment, own, decision.state);
  return decision;
}

const every10 = (untilS: number, at: (atS: number) => Snapshot): Snapshot[] =>
  Array.from({ length: untilS / 10 + 1 }, (_, step) => at(step * 10));

describe("safety", () => {
  const backlog = snapshot({ waiting: 500, instances: instances(2, 1000, { inFlight: 4 }), inFlight: 8 });

  it("holds when the queue could not be read, and keeps what it knew", () => {
    const { queue: _, ...blind } = backlog;
    const before = walk([backlog]).state;
    const { actions, sentence, state } = decide({ ...blind, atS: 1010 }, settings, before);
    expect([actions, state]).toEqual([[], before]);
    expect(sentence).toBe("hold: the queue could not be read");
  });

  it("holds on stale counters and on a stale list of instances, outwards and inwards", () => {
    const idle = snapshot({ atS: 5000, instances: instances(5, 5000, { idleSinceS: 100 }) });
    const staleQueue = { ...idle, atS: 5040 };
    const staleList = { ...snapshot({ atS: 5040, waiting: 900 }), instancesReadAtS: 5000 };
    expect(decide(staleQueue, settings, startState()).actions).toEqual([]);
    expect(decide(staleList, settings, startState()).sentence).toBe(
      "hold: the instances were last listed 40 s ago",
    );
    expect(decide(staleList, settings, startState()).actions).toEqual([]);
  });

  it("never launches beyond the maximum or the budget, resting and lost instances counted", () => {
    const many = snapshot({ waiting: 50_000, instances: instances(30, 1000, { state: "booting" }) });
    expect(launched(walk([many], { ...settings, maxInstances: 40 }).actions)).toBe(10);
    const tight = walk([many], { ...settings, budgetPerHour: 3.75 });
    expect(launched(tight.actions)).toBe(7);
    expect(tight.sentence).toContain("the budget allows no more");
  });

  it("does not launch again what is booting", () => {
    const first = walk([snapshot({ atS: 0, waiting: 100, meanS: 30 })]);
    const count = launched(first.actions);
    expect(count).toBeGreaterThan(0);
    const booting = instances(count, 10, { state: "booting", launchedAtS: 0 });
    const second = decide(
      snapshot({ atS: 10, waiting: 100, meanS: 30, instances: booting }),
      settings,
      first.state,
    );
    expect(launched(second.actions)).toBe(0);
  });

  it("cordons before it ends, and ends only what holds no message", () => {
    const fleet = [
      instance("empty", 1000, { state: "cordoned" }),
      instance("working", 1000, { state: "cordoned", inFlight: 1 }),
      instance("ready", 1000, { inFlight: 4 }),
    ];
    const { actions } = walk([snapshot({ inFlight: 5, instances: fleet })]);
    expect(actions).toEqual([{ kind: "terminate", ids: ["empty"] }]);
  });

  it("replaces an instance that boots beyond hope", () => {
    const stuck = instance("stuck", 1000, { state: "booting", launchedAtS: 300 });
    const { actions } = walk([snapshot({ waiting: 4, instances: [stuck] })]);
    expect(kinds(actions)).toEqual(["launch", "terminate"]);
  });

  it("keeps the minimum", () => {
    const own = { ...settings, minInstances: 2 };
    expect(launched(walk([snapshot({})], own).actions)).toBe(2);
    const idle = scene((atS) => ({ instances: instances(2, atS, { idleSinceS: 0 }) }));
    expect(walk(every10(3000, idle), own).actions).toEqual([]);
  });
});

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

  it("waits for the end of a paid hour where hours are billed", () => {
    const own: Settings = { ...settings, billing: "hourly" };
    expect(walk([idleSince(9000 - 1800)], own).actions).toEqual([]);
    expect(kinds(walk([idleSince(9000 - 3400)], own).actions)).toEqual(["cordon"]);
  });
});

const tight = { ...settings, targetWaitS: 30, targetShare: 0.95 };
const steady = (atS: number, waiting = 0) =>
  snapshot({
    atS,
    meanS: 60,
    arrived: Math.round(0.5 * atS) + waiting,
    waiting,
    inFlight: 30,
    instances: instances(8, atS, { inFlight: 4 }),
  });

describe("a target below the boot time", () => {
  it("keeps capacity for the load although nothing waits", () => {
    expect(
      launched(
        walk(
          every10(600, (atS) => ({ ...steady(atS), instances: instances(4, atS, { inFlight: 4 }) })),
          tight,
        ).actions,
      ),
    ).toBeGreaterThanOrEqual(4);
  });

  it("launches nothing before the first job has come", () => {
    expect(
      walk(
        every10(
          300,
          scene(() => ({})),
        ),
        tight,
      ).actions,
    ).toEqual([]);
  });

  const afterBurst = (gaps: number[], emptyForS: number) => {
    const untilS = 300;
    const moments = every10(untilS + emptyForS, (atS) =>
      snapshot({
        atS,
        meanS: 20,
        arrived: 200,
        ...(atS < untilS ? { waiting: 20, inFlight: 12 } : {}),
        instances: instances(3, atS, atS < untilS ? { inFlight: 4 } : { idleSinceS: untilS }),
      }),
    );
    let state: PolicyState = { ...startState(), gaps, caution: 3 };
    let actions: Action[] = [];
    for (const moment of moments) ({ actions, state } = decide(moment, tight, state));
    return actions.flatMap((action) => (action.kind === "cordon" ? action.ids : []));
  };

  it("shrinks to nothing a few boots after the last job, however careful it has become", () => {
    expect(afterBurst([], 500)).not.toHaveLength(3);
    expect(afterBurst([], 510)).toHaveLength(3);
  });

  it("stands ready through gaps as long as those it has seen, unless they were nights", () => {
    const gaps = (bucket: number) => Array.from({ length: 12 }, (_, at) => (at === bucket ? 3 : 0));
    expect(afterBurst(gaps(8), 2550)).not.toHaveLength(3);
    expect(afterBurst(gaps(8), 2560)).toHaveLength(3);
    expect(afterBurst(gaps(11), 510)).toHaveLength(3);
  });

  it("grows more careful when jobs start late, and less when they do not", () => {
    const inTime = walk(
      every10(3600, (atS) => steady(atS)),
      tight,
    ).state.caution;
    const late = walk(
      every10(3600, (atS) => steady(atS, 200)),
      tight,
    ).state.caution;
    expect(inTime).toBeLessThan(0);
    expect(late).toBeGreaterThan(0.5);
  });
});

const spot = ["a", "b", "c", "d"].map((zone) => ({
  ...onDemand,
  name: `spot-${zone}`,
  market: "spot" as const,
  zone,
  pricePerHour: 0.03,
}));
const counts = (pools: Snapshot["pools"], before = startState()) => {
  const { actions } = decide(snapshot({ waiting: 2000, pools: [...pools] }), settings, before);
  return Object.fromEntries(actions.flatMap((one) => (one.kind === "launch" ? [[one.pool, one.count]] : [])));
};

describe("pools", () => {
  it("spreads over zones and leaves on-demand alone while spot is to be had", () => {
    const spread = Object.values(counts([onDemand, ...spot]));
    expect(Math.max(...spread) / spread.reduce((sum, count) => sum + count)).toBeLessThan(0.36);
    expect(counts([onDemand, ...spot])).not.toHaveProperty("on-demand");
  });

  it("leaves a pool that refused, and fills with on-demand when all did", () => {
    const refuse = (names: string[]) =>
      spot.map((pool) =>
        names.includes(pool.name) ? { ...pool, launched: 5, refused: 5, lastRefusedAtS: 995 } : pool,
      );
    const first = walk([snapshot({ atS: 990, pools: [onDemand, ...spot] })]).state;
    expect(counts([onDemand, ...refuse(["spot-a", "spot-b"])], first)).not.toHaveProperty("spot-a");
    expect(Object.keys(counts([onDemand, ...refuse(spot.map(({ name }) => name))], first))).toEqual([
      "on-demand",
    ]);
  });
});

describe("replay", () => {
  it("is the same decision after everything went through JSON, and changes no input", () => {
    const moments = every10(400, (atS) =>
      snapshot({
        atS,
        meanS: 20,
        arrived: atS * 2,
        waiting: atS,
        inFlight: 8,
        instances: instances(2, atS, { inFlight: 4 }),
      }),
    );
    const before = walk(moments.slice(0, -1)).state;
    const now = moments.at(-1) as Snapshot;
    const frozen = JSON.stringify([now, before]);
    const decision = droverPolicy.decide(now, settings, before);
    const [again, state] = JSON.parse(frozen) as [Snapshot, PolicyState];
    expect(JSON.stringify([now, before])).toBe(frozen);
    expect(JSON.parse(JSON.stringify(droverPolicy.decide(again, settings, state)))).toEqual(
      JSON.parse(JSON.stringify(decision)),
    );
  });

  it("decides for ten thousand instances in milliseconds", () => {
    const busy = instances(10_000, 1000, { inFlight: 3 });
    const moments = every10(400, (atS) =>
      snapshot({ atS, meanS: 200, arrived: atS * 100, inFlight: 30_000, instances: busy }),
    );
    const own = { ...settings, maxInstances: 20_000 };
    let state = walk(moments, own).state;
    const took: number[] = [];
    for (let at = 0; at < 21; at++) {
      const from = performance.now();
      ({ state } = decide(
        { ...(moments.at(-1) as Snapshot), atS: 410 + 10 * at, instancesReadAtS: 410 + 10 * at },
        own,
        state,
      ));
      took.push(performance.now() - from);
    }
    // The median, since another test may hold the processor for a moment.
    expect(took.toSorted((left, right) => left - right)[10]).toBeLessThan(5);
    expect(JSON.stringify(state).length).toBeLessThan(40_000);
  });
});

describe("service times before they are known", () => {
  it("count the jobs that still run, so that short ones which finish first do not mislead", () => {
    // One of eight jobs finished after 20 s; the other seven have run for 290 s.
    const serviceS = { samples: 1, meanS: 20, p10S: 20, p50S: 20, p90S: 20, p99S: 20 };
    const moment = scene(() => ({
      inFlight: 8,
      waiting: 20,
      instances: instances(2, 1000, { inFlight: 4 }),
    }));
    const early = every10(290, (atS) => ({
      ...moment(atS),
      services: [
        { name: "jobs", arrived: 28, finished: atS < 20 ? 0 : 1, ...(atS < 20 ? {} : { serviceS }) },
      ],
    }));
    // At 20 s each, eight slots would start the twenty in time.
    expect(launched(walk(early.slice(0, 3)).actions) + launched(walk(early).actions)).toBeGreaterThan(0);
  });
});
