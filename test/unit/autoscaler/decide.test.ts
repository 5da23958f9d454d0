import { describe, expect, it } from "vitest";
import { decide, droverPolicy } from "../../../autoscaler/decide.ts";
import type { Action, Snapshot } from "../../../autoscaler/snapshot.ts";
import { startState, type PolicyState } from "../../../autoscaler/state.ts";
import { instance, instances, onDemand, scene, settings, snapshot } from "./snapshots.ts";
import { every10, kinds, launched, walk } from "./walk.ts";

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

  it("learns nothing from jobs that came before anything could be up, and from the next ones it does", () => {
    const first = every10(600, (atS) =>
      snapshot({ atS, arrived: 100, ...(atS < 300 ? { waiting: 100 } : { instances: instances(25, atS) }) }),
    );
    expect(walk(first, tight).state.caution).toBe(0);
    const second = every10(600, (atS) =>
      snapshot({ atS: 610 + atS, arrived: 200, ...(atS < 300 ? { waiting: 100 } : {}) }),
    );
    expect(walk([...first, ...second], tight).state.caution).toBeGreaterThan(0.5);
  });
});

describe("a burst with a target below the boot time", () => {
  const careful = { ...settings, targetWaitS: 60, maxInstances: 10_000 };
  /** 300 jobs at once after an hour with as many a second as `before`, and nobody up. */
  const burstAfter = (before: number) =>
    launched(
      walk(
        every10(3600, (atS) =>
          atS < 3600
            ? snapshot({ atS, arrived: before * atS })
            : snapshot({ atS, arrived: before * atS + 300, waiting: 300 }),
        ),
        careful,
      ).actions,
    );

  it("out of nothing asks for no more slots than jobs are there and twice as many more", () => {
    const first = walk([snapshot({ atS: 0 }), snapshot({ atS: 10, meanS: 6, waiting: 300 })], careful);
    expect(launched(first.actions) * onDemand.slots).toBeLessThanOrEqual(900);
    expect(launched(first.actions) * onDemand.slots).toBeGreaterThan(300);
    expect(burstAfter(0) * onDemand.slots).toBeLessThanOrEqual(900);
  });

  it("is the same beside the few jobs of a quiet hour, and expected to go on after an hour like it", () => {
    expect(burstAfter(0.1) * onDemand.slots).toBeLessThanOrEqual(960);
    expect(burstAfter(1)).toBeGreaterThan(2 * burstAfter(0));
  });

  it("asks for nobody again once the first are asked for and no more jobs come", () => {
    const { actions, state } = walk(
      [snapshot({ atS: 0 }), snapshot({ atS: 10, meanS: 6, waiting: 300 })],
      careful,
    );
    const booting = instances(launched(actions), 20, { state: "booting", launchedAtS: 10 });
    const after = decide(snapshot({ atS: 20, meanS: 6, waiting: 300, instances: booting }), careful, state);
    expect(launched(after.actions)).toBe(0);
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

  it("remembers little, however large the fleet", () => {
    const busy = instances(10_000, 1000, { inFlight: 3 });
    const moments = every10(600, (atS) =>
      snapshot({ atS, meanS: 200, arrived: atS * 100, inFlight: 30_000, instances: busy }),
    );
    const { state } = walk(moments, { ...settings, maxInstances: 20_000 });
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
