import { describe, expect, test } from "vitest";
import { replay } from "../../../../autoscaler/daemon/replay.ts";
import { parseRecord, RECORD } from "../../../../autoscaler/daemon/record.ts";
import { createScaledWorld, POOL, type ScaledWorld } from "../../../support/scaled-world.ts";

const MINUTE_MS = 60_000;
const minuteJobs = { program: () => ({ takesMs: MINUTE_MS, stdout: "done" }) };

async function submit(world: ScaledWorld, jobs: number): Promise<string[]> {
  return await Promise.all(Array.from({ length: jobs }, () => world.submit()));
}

const allDone = (world: ScaledWorld, ids: readonly string[]) =>
  ids.every((id) => world.result(id)?.status === "success");

async function replayed(lines: readonly unknown[]) {
  return await replay(
    (async function* texts() {
      for (const line of lines) yield JSON.stringify(line);
    })(),
  );
}

describe("a fleet under one scaler", () => {
  test("grows for a burst, does every job, and shrinks to nothing; no busy instance is ended", async () => {
    const world = createScaledWorld({ ...minuteJobs, autoscaler: { max_instances: 8, pools: [POOL] } });
    const { lines } = world.startScaler();
    await world.clock.advance(5 * MINUTE_MS);
    expect(world.compute.held).toEqual([]);
    const ids = await submit(world, 30);
    await world.clock.until(world.idle);
    expect(allDone(world, ids)).toBe(true);
    expect(world.compute.most).toBeGreaterThan(3);
    expect(world.compute.most).toBeLessThanOrEqual(8);
    await world.clock.until(() => world.compute.alive().length === 0);
    expect(world.endedBusy).toEqual([]);
    expect(world.callbacks.requests).toHaveLength(30);
    await world.clock.advance(5 * MINUTE_MS);
    expect(await world.store.listStatus()).toEqual([]);

    const again = await replayed(lines);
    expect(again).toMatchObject({ differences: [], unreadable: [] });
    expect(again.decisions).toBe(lines.length);
    expect(lines.every(({ sentence }) => sentence !== "")).toBe(true);
  });

  test("keeps the maximum while launches are slow to show up in the provider's list", async () => {
    const world = createScaledWorld({
      ...minuteJobs,
      autoscaler: { max_instances: 5 },
      compute: { listLagMs: 45_000 },
    });
    world.startScaler();
    const ids = await submit(world, 40);
    await world.clock.until(world.idle);
    expect(allDone(world, ids)).toBe(true);
    expect(world.compute.most).toBe(5);
    expect([...world.compute.tokens.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(6);
  });

  test("goes elsewhere when a pool has no capacity", async () => {
    const pools = [
      { ...POOL, name: "cheap", market: "spot", price_per_hour: 0.1 },
      { ...POOL, name: "dear", price_per_hour: 1 },
    ];
    const world = createScaledWorld({
      ...minuteJobs,
      autoscaler: { max_instances: 6, pools },
      compute: { capacity: { cheap: 1 } },
    });
    world.startScaler();
    const ids = await submit(world, 30);
    await world.clock.until(world.idle);
    expect(allDone(world, ids)).toBe(true);
    const used = new Set(world.compute.held.map(({ pool }) => pool));
    expect(used).toEqual(new Set(["cheap", "dear"]));
  });

  test("does the work of instances that the provider takes back elsewhere", async () => {
    const world = createScaledWorld({
      ...minuteJobs,
      autoscaler: { max_instances: 4, pools: [{ ...POOL, market: "spot" }] },
    });
    world.startScaler();
    const ids = await submit(world, 20);
    await world.clock.until(() => world.agents.size >= 2);
    for (const id of [...world.agents.keys()].slice(0, 2)) world.compute.reclaim(id);
    await world.clock.until(world.idle);
    expect(allDone(world, ids)).toBe(true);
    await world.clock.until(() => world.compute.alive().length === 0);
    expect(world.endedBusy).toEqual([]);
    await world.clock.advance(2 * MINUTE_MS);
    expect(await world.store.listStatus()).toEqual([]); // the rows of the dead are scrubbed
  });

  test("replaces instances that never come up, and rests their pool after three", async () => {
    const world = createScaledWorld({
      ...minuteJobs,
      autoscaler: { max_instances: 1, boot_limit_s: 120 },
      compute: { bootMs: (n) => (n < 3 ? Infinity : MINUTE_MS) },
    });
    const { lines } = world.startScaler();
    const ids = await submit(world, 2);
    await world.clock.until(() => world.compute.held.length === 3);
    await world.clock.until(() => world.compute.alive().length === 0);
    const restsFrom = world.clock.monotonic();
    await world.clock.until(world.idle);
    expect(allDone(world, ids)).toBe(true);
    expect(world.compute.held).toHaveLength(4);
    expect(world.clock.monotonic() - restsFrom).toBeGreaterThan(4 * MINUTE_MS);
    expect(lines.some(({ notes }) => notes.join().includes("circuit breaker"))).toBe(true);
  });

  test("launches no faster than it may", async () => {
    const world = createScaledWorld({
      ...minuteJobs,
      autoscaler: { max_instances: 10, launches_per_minute: 2 },
    });
    world.startScaler();
    await submit(world, 60);
    const counts: number[] = [];
    for (let minute = 0; minute < 10; minute++) {
      const before = world.compute.held.length;
      await world.clock.advance(MINUTE_MS);
      counts.push(world.compute.held.length - before);
    }
    expect(Math.max(...counts)).toBe(2);
    expect(world.compute.held.length).toBeGreaterThanOrEqual(8);
  });

  test("takes a cordoned instance back on a rebound", async () => {
    const world = createScaledWorld({
      program: () => ({ takesMs: 5 * MINUTE_MS, stdout: "done" }),
      autoscaler: { max_instances: 4 },
    });
    const { lines } = world.startScaler();
    await submit(world, 4);
    await world.clock.until(() => world.agents.size === 4);
    const did = (kind: string) => lines.some(({ ordered }) => ordered.some((it) => it.kind === kind));
    await world.clock.until(() => did("cordon"));
    await submit(world, 30);
    await world.clock.until(() => did("uncordon"));
    await world.clock.until(world.idle);
    expect(world.endedBusy).toEqual([]);
  });
});

describe("a dry run", () => {
  test("decides and writes nothing", async () => {
    const world = createScaledWorld();
    const { scaler, lines, stop } = world.startScaler();
    stop();
    await submit(world, 10);
    await scaler.rehearse();
    await world.clock.advance(MINUTE_MS);
    await scaler.rehearse();
    for (let i = 0; i < 20; i++) {
      await world.clock.advance(30_000);
      await scaler.rehearse();
    }
    expect(lines.some(({ actions }) => actions.some(({ kind }) => kind === "launch"))).toBe(true);
    expect(lines.every(({ ordered }) => ordered.length === 0)).toBe(true);
    expect(world.compute.held).toEqual([]);
    expect((await world.store.readRecord(RECORD))?.text ?? "").not.toContain("drover-");
  });
});

describe("the record", () => {
  test("says who leads and why it does what it does", async () => {
    const world = createScaledWorld(minuteJobs);
    const { ended, stop } = world.startScaler("somebody");
    await submit(world, 3);
    await world.clock.advance(2 * MINUTE_MS);
    const read = async () => parseRecord((await world.store.readRecord(RECORD))?.text ?? "");
    expect(await read()).toMatchObject({ leader: "somebody", epoch: 1, periodS: 10 });
    expect((await read()).sentence).toContain("wait");
    stop();
    await world.clock.settle(ended);
    expect((await read()).leader).toBe("");
  });
});
