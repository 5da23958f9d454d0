import { describe, expect, test } from "vitest";
import { reportStatus } from "../../../../agent/status/heartbeat.ts";
import { createS3Store } from "../../../../cloud/aws/s3-store.ts";
import type { Store } from "../../../../cloud/ports/store.ts";
import { createWorld } from "../../../support/agent-world.ts";

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
