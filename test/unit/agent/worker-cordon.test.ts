import { describe, expect, test } from "vitest";
import { createWorld, fetchingRequest, type World } from "../../support/agent-world.ts";

const long = { program: () => ({ takesMs: 100_000, stdout: "done" }) };

const visible = ({ queues, clock }: World) =>
  queues.requests.messages.filter((it) => it.visibleAt <= clock.monotonic()).map((it) => it.id);

describe("an order to take no message", () => {
  test("lets the running program finish and gives back what waits; the agent stays", async () => {
    const world = createWorld(long);
    const running = await world.submit();
    const waiting = await world.submit(fetchingRequest());
    const { worker } = world.start();
    await world.clock.advance(10_000);
    expect(visible(world)).toEqual([]);
    await world.clock.settle(worker.heed("1.1"), 1_000);
    expect(visible(world)).toEqual([waiting]);
    expect([worker.state, worker.holding(), worker.polls]).toEqual(["working", 1, 0]);
    await world.clock.advance(120_000);
    expect(world.result(running)?.status).toBe("success");
    expect(visible(world)).toEqual([waiting]);
    expect([worker.state, worker.holding(), worker.polls]).toEqual(["working", 0, 0]);
    expect(worker.idleS()).toBeGreaterThan(15);
  });

  test("ends the polls of both queues, and a message that comes at this moment goes back", async () => {
    const world = createWorld();
    const { worker } = world.start();
    await world.clock.advance(5_000);
    expect(worker.polls).toBe(2);
    const heeded = worker.heed("1.1");
    const id = await world.submit();
    await world.clock.settle(heeded, 1_000);
    expect([worker.polls, worker.holding()]).toEqual([0, 0]);
    await world.clock.advance(300_000);
    expect(visible(world)).toEqual([id]);
  });

  test("can be given before the first poll, and is over when there is none any more", async () => {
    const world = createWorld();
    const id = await world.submit();
    const agent = world.start();
    await agent.worker.heed("1.1");
    await world.clock.advance(60_000);
    expect(visible(world)).toEqual([id]);
    await agent.worker.heed(undefined);
    await world.clock.until(world.idle);
    expect(world.result(id)?.status).toBe("success");
    await world.drain(agent);
  });

  test("does not keep the agent from leaving", async () => {
    const world = createWorld();
    const agent = world.start();
    await world.clock.advance(1_000);
    await world.clock.settle(agent.worker.heed("1.1"), 1_000);
    agent.worker.drain();
    await world.clock.settle(agent.ended, 1_000);
    expect(agent.worker.state).toBe("stopped");
    await agent.worker.heed(undefined);
    expect(world.clock.timers).toBe(0);
  });
});

describe("what a worker counts for the autoscaler", () => {
  test("first receipts, finished jobs with their durations, and jobs that sleep until their next try", async () => {
    let tries = 0;
    const world = createWorld({
      program: () => (tries++ === 0 ? { takesMs: 4_000, code: 1 } : { takesMs: 4_000, stdout: "1" }),
    });
    const { worker } = world.start();
    await world.submit();
    await world.clock.until(() => worker.counts.returned === 1);
    const asleep = () => worker.tally.asleep(world.clock.monotonic());
    expect([worker.tally.received, asleep()]).toEqual([1, 1]);
    await world.clock.until(world.idle);
    expect([worker.tally.received, asleep()]).toEqual([1, 0]);
    const { echo } = JSON.parse(worker.tally.report()) as Record<string, { finished: number; sumS: number }>;
    expect(echo?.finished).toBe(2);
    expect(echo?.sumS).toBeCloseTo(8, 1);
  });
});
