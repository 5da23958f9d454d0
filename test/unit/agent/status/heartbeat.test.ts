import { describe, expect, test } from "vitest";
import { reportStatus } from "../../../../agent/status/heartbeat.ts";
import { NOBODY, RECORD, recordText } from "../../../../autoscaler/daemon/record.ts";
import { createS3Store } from "../../../../cloud/aws/s3-store.ts";
import type { Store } from "../../../../cloud/ports/store.ts";
import { createWorld } from "../../../support/agent-world.ts";
import { Host } from "../../../worlds/host.ts";

const FACTS = { version: "1.2.3", pid: 42, startedAt: 0 };

describe("the status", () => {
  test("is reported every period while the agent works, and gone when it has left", async () => {
    const world = createWorld({ program: () => ({ takesMs: 60_000 }) });
    const store = createS3Store(world.objects);
    const agent = world.start();
    const left = new AbortController();
    const reporting = reportStatus(agent.context, store, agent.worker, FACTS, left.signal);
    await world.submit();
    await world.clock.advance(25_000);
    const [row] = await store.listStatus();
    expect(row).toMatchObject({
      instanceId: "a",
      periodS: 10,
      state: "working",
      version: "1.2.3",
      slots: 1,
      running: 1,
      done: 0,
      services: "echo fetch",
    });
    expect(world.clock.now() - (row?.heartbeatAt ?? 0)).toBeLessThanOrEqual(10_000);
    await world.clock.until(world.idle);
    await world.clock.advance(10_000);
    expect(await store.listStatus()).toMatchObject([{ running: 0, done: 1 }]);
    await world.drain(agent);
    left.abort();
    await world.clock.settle(reporting);
    expect(await store.listStatus()).toEqual([]);
  });

  test("obeys the autoscaler's order within a period, and says so", async () => {
    const world = createWorld();
    const store = createS3Store(world.objects);
    const agent = world.start();
    const left = new AbortController();
    void reportStatus(agent.context, store, agent.worker, FACTS, left.signal);
    await world.clock.advance(5_000);
    expect(await store.listStatus()).toMatchObject([{ cordon: "", polls: 2, holding: 0, received: 0 }]);
    const order = recordText({ ...NOBODY, epoch: 1, leader: "s", cordons: { a: "1.1" } });
    const version = await store.swapRecord(RECORD, order, undefined);
    await world.clock.advance(10_000);
    expect(await store.listStatus()).toMatchObject([{ cordon: "1.1", polls: 0, holding: 0 }]);
    await store.swapRecord(RECORD, recordText({ ...NOBODY, epoch: 1, leader: "s", beat: 1 }), version);
    await world.clock.advance(20_000);
    expect(await store.listStatus()).toMatchObject([{ cordon: "", polls: 2 }]);
    await world.drain(agent);
    left.abort();
  });

  test("ships the activity log with it, to the last line", async () => {
    const world = createWorld();
    const agent = world.start();
    const left = new AbortController();
    const store = createS3Store(world.objects);
    const reporting = reportStatus(agent.context, store, agent.worker, FACTS, left.signal);
    await world.submit();
    await world.clock.until(world.idle);
    await world.drain(agent);
    left.abort();
    await world.clock.settle(reporting);
    const keys = await world.objects.list("activity/a/");
    const log = keys.map((key) => world.objects.stored.get(key)?.body.toString()).join("");
    for (const event of ["received", "started", "delivered"]) expect(log).toContain(`"${event}"`);
  });

  test("survives a store that is down, and comes back with it", async () => {
    const world = createWorld();
    const whole = createS3Store(world.objects);
    let down = true;
    const store: Store = {
      ...whole,
      putStatus: (row) => (down ? Promise.reject(new Error("down")) : whole.putStatus(row)),
      deleteStatus: () => Promise.reject(new Error("down")),
    };
    const agent = world.start();
    const left = new AbortController();
    const reporting = reportStatus(agent.context, store, agent.worker, FACTS, left.signal);
    await world.submit();
    await world.clock.until(world.idle);
    expect(world.callbacks.requests).toHaveLength(1);
    down = false;
    await world.clock.advance(10_000);
    expect(await whole.listStatus()).toHaveLength(1);
    left.abort();
    await world.clock.settle(reporting);
    await world.drain(agent);
  });
});

/** A store that takes requests and never answers, until it is let go. */
function hangingStore(whole: Store) {
  const hanging = { is: true, calls: 0 };
  const ask = <T>(work: () => Promise<T>) => {
    hanging.calls++;
    return hanging.is ? new Promise<T>(() => undefined) : work();
  };
  const store: Store = {
    appendActivity: (...it) => ask(() => whole.appendActivity(...it)),
    putStatus: (row) => ask(() => whole.putStatus(row)),
    listStatus: () => ask(() => whole.listStatus()),
    deleteStatus: (id) => ask(() => whole.deleteStatus(id)),
    readRecord: (name) => ask(() => whole.readRecord(name)),
    swapRecord: (...it) => ask(() => whole.swapRecord(...it)),
  };
  return { store, hanging };
}

describe("a store that hangs", () => {
  test("holds up neither the jobs nor the local log nor, for more than two seconds, the agent's leaving", async () => {
    const world = createWorld();
    const { store, hanging } = hangingStore(createS3Store(world.objects));
    const agent = world.start(undefined, "a", store);
    const left = new AbortController();
    const reporting = reportStatus(agent.context, store, agent.worker, FACTS, left.signal);
    await world.submit();
    await world.clock.until(world.idle);
    await world.clock.advance(1_000);
    expect(world.callbacks.requests).toHaveLength(1);
    const local = Buffer.from(agent.files.contents.get("/work/activity-a.log") ?? "").toString();
    for (const event of ["received", "started", "delivered"]) expect(local).toContain(`"${event}"`);
    expect(hanging.calls).toBeGreaterThan(0);
    await world.drain(agent);
    const before = world.clock.now();
    left.abort();
    await world.clock.settle(reporting);
    expect(world.clock.now() - before).toBeLessThanOrEqual(2_000);
  });

  test("is not what a process sees that was stopped while it left: it still ships the last lines", async () => {
    const world = createWorld();
    const nothing = () => undefined;
    const happenings = {
      onMishap: nothing,
      onCall: nothing,
      onDeath: nothing,
      onLasting: nothing,
      onSpin: nothing,
    };
    const host = new Host("a", { clock: world.clock, jumpMs: 0, meet: nothing, ...happenings });
    const whole = createS3Store(world.objects);
    const busy: Store = {
      ...whole,
      appendActivity: (...it) => world.clock.sleep(1_000).then(() => whole.appendActivity(...it)),
    };
    const agent = world.start(undefined, "a", host.wrap("store", busy));
    const context = { ...agent.context, clock: host.clock };
    const left = new AbortController();
    const reporting = reportStatus(context, host.wrap("store", whole), agent.worker, FACTS, left.signal);
    await world.submit();
    await world.clock.until(world.idle);
    await world.drain(agent);
    left.abort();
    host.freeze(60_000);
    await world.clock.settle(reporting);
    const keys = await world.objects.list("activity/a/");
    const log = keys.map((key) => world.objects.stored.get(key)?.body.toString()).join("");
    expect(log).toContain(`"delivered"`);
  });

  test("is left one request at a time, however long it hangs", async () => {
    const world = createWorld();
    const { store, hanging } = hangingStore(createS3Store(world.objects));
    const agent = world.start(undefined, "a", store);
    const left = new AbortController();
    const reporting = reportStatus(agent.context, store, agent.worker, FACTS, left.signal);
    await world.submit();
    await world.clock.until(world.idle);
    await world.clock.advance(120_000);
    expect(hanging.calls).toBeLessThanOrEqual(2); // one row, one chunk
    left.abort();
    await world.clock.settle(reporting);
    await world.drain(agent);
  });
});
