import { describe, expect, test } from "vitest";
import { createWorld, fetchingRequest, type World } from "../../support/agent-world.ts";
import { createLife } from "../../support/mortal.ts";

const long = { program: () => ({ takesMs: 100_000, stdout: "done" }) };

const visible = ({ queues, clock }: World) =>
  queues.requests.messages.filter((it) => it.visibleAt <= clock.monotonic()).map((it) => it.id);

describe("drain", () => {
  test("gives back what has not started, at once, and lets the running program finish", async () => {
    const world = createWorld(long);
    const running = await world.submit();
    const waiting = await world.submit(fetchingRequest());
    const agent = world.start();
    await world.clock.advance(10_000);
    expect(visible(world)).toEqual([]);
    agent.worker.drain();
    await world.clock.advance(0);
    expect(agent.worker.state).toBe("draining");
    expect(visible(world)).toEqual([waiting]);
    await world.clock.settle(agent.ended);
    expect(world.result(running)?.status).toBe("success");
    expect(world.callbacks.requests).toHaveLength(1);
    expect(agent.worker.state).toBe("stopped");
    expect(visible(world)).toEqual([waiting]);
  });

  test("ends at once when nothing runs", async () => {
    const world = createWorld();
    const agent = world.start();
    await world.clock.advance(5_000);
    agent.worker.drain();
    await world.clock.settle(agent.ended, 0);
    expect(agent.worker.state).toBe("stopped");
  });

  test("leaves no timer behind that would keep the process alive", async () => {
    const world = createWorld();
    await world.submit();
    const agent = world.start();
    await world.clock.until(world.idle);
    await world.drain(agent);
    await world.clock.advance(1_000);
    expect(world.clock.timers).toBe(0);
  });

  test("hands back what still runs when its time is up", async () => {
    const world = createWorld({ ...long, settings: { drainTimeoutS: 20 } });
    const id = await world.submit();
    const agent = world.start();
    await world.clock.advance(10_000);
    agent.worker.drain();
    await world.clock.settle(agent.ended);
    expect(world.clock.monotonic()).toBe(30_000);
    expect(visible(world)).toEqual([id]);
    expect(world.processes.running).toBe(0);
  });

  test("takes no message any more, not even one that arrives at this very moment", async () => {
    const world = createWorld();
    const agent = world.start();
    await world.clock.advance(1_000);
    const id = world.submit();
    agent.worker.drain();
    await world.clock.settle(agent.ended);
    expect(world.processes.started).toEqual([]);
    expect(world.queues.requests.messages).toMatchObject([{ id: await id }]);
    await world.clock.advance(61_000);
    expect(visible(world)).toHaveLength(1);
  });
});

describe("stop", () => {
  test("kills what runs and hands everything back at once", async () => {
    const world = createWorld({ ...long, settings: { slots: 2 } });
    const ids = [await world.submit(), await world.submit(), await world.submit()];
    const agent = world.start();
    await world.clock.advance(10_000);
    expect(world.processes.running).toBe(2);
    agent.worker.stop();
    await world.clock.settle(agent.ended, 0);
    expect(world.processes.running).toBe(0);
    expect(world.processes.killed).toEqual(["SIGKILL", "SIGKILL"]);
    expect(visible(world).toSorted()).toEqual(ids.toSorted());
    expect(world.callbacks.requests).toEqual([]);
  });

  test("after a drain, in the middle of a run", async () => {
    const world = createWorld(long);
    const id = await world.submit();
    const agent = world.start();
    await world.clock.advance(10_000);
    agent.worker.drain();
    agent.worker.drain();
    await world.clock.advance(10_000);
    agent.worker.stop();
    await world.clock.settle(agent.ended, 0);
    expect(visible(world)).toEqual([id]);
    await world.clock.advance(1_000);
    expect(world.clock.timers).toBe(0);
  });

  test("does not wait for an input that hangs", async () => {
    const world = createWorld({ input: () => ({ afterMs: 50_000 }) });
    const id = await world.submit(fetchingRequest());
    const agent = world.start();
    await world.clock.advance(5_000);
    agent.worker.stop();
    await world.clock.settle(agent.ended, 0);
    expect(visible(world)).toEqual([id]);
  });

  test("a job handed back runs elsewhere, and no failure counts against it", async () => {
    const world = createWorld(long);
    const id = await world.submit();
    const first = world.start();
    await world.clock.advance(10_000);
    first.worker.stop();
    await world.clock.settle(first.ended, 0);
    const second = world.start(createLife(), "b");
    await world.clock.until(world.idle);
    expect(world.clock.monotonic()).toBeLessThan(115_000);
    expect(world.result(id)?.status).toBe("success");
    expect([...world.objects.stored.keys()].filter((it) => it.endsWith(".failed"))).toEqual([]);
    await world.drain(second);
  });

  test("in the middle of a callback: whoever takes over waits until the claim is over", async () => {
    const world = createWorld({ callback: (n) => ({ afterMs: n === 0 ? 20_000 : 0 }) });
    await world.submit();
    const first = world.start();
    await world.clock.until(() => world.callbacks.requests.length === 1);
    first.worker.stop();
    await world.clock.settle(first.ended, 0);
    const second = world.start(createLife(), "b");
    await world.clock.advance(55_000);
    expect(world.callbacks.requests).toHaveLength(1);
    await world.clock.until(world.idle);
    expect(world.callbacks.requests).toHaveLength(2);
    await world.drain(second);
  });

  test("a try that ends is written down before anybody else may begin the next", async () => {
    const world = createWorld(long);
    await world.submit();
    const first = world.start();
    await world.clock.advance(10_000);
    first.worker.stop();
    await world.clock.settle(first.ended, 0);
    const put = world.objects.put.bind(world.objects);
    world.objects.put = async (key, ...rest) => {
      if (key.endsWith(".ended")) await world.clock.sleep(3_000);
      return await put(key, ...rest);
    };
    const second = world.start(createLife(), "b");
    await world.clock.advance(10_000);
    second.worker.stop();
    await world.clock.until(() => visible(world).length > 0);
    expect([...world.objects.stored.keys()].filter((it) => it.endsWith(".ended"))).toHaveLength(1);
    await world.clock.settle(second.ended);
  });

  test("ends a postponed delivery at once, and hands it back", async () => {
    const world = createWorld({ callback: (n) => (n === 0 ? { status: 500 } : { afterMs: 20_000 }) });
    await world.submit();
    const agent = world.start();
    await world.clock.until(() => world.callbacks.requests.length === 2);
    agent.worker.stop();
    await world.clock.settle(agent.ended, 0);
    const now = world.clock.monotonic();
    expect(world.queues.deliveries.messages.map((it) => it.visibleAt <= now)).toEqual([true]);
  });
});
