import { describe, expect, test } from "vitest";
import { claimMetadata } from "../../../jobs/claim.ts";
import { resultKey } from "../../../jobs/keys.ts";
import { buildResponse } from "../../../schemas/build.ts";
import { createWorld, type World } from "../../support/agent-world.ts";
import { manifestOf } from "../../support/manifest.ts";
import { createLife } from "../../support/mortal.ts";

const hour = { program: () => ({ takesMs: 3_600_000 }), services: [manifestOf({ timeoutS: 7_200 })] };

/** Another agent's commit of the same job. */
async function stranger(world: World, id: string, state: "held" | "released"): Promise<string> {
  const xml = buildResponse({
    service: "echo",
    status: "success",
    messageId: id,
    artifacts: [],
    message: "Theirs.",
  });
  const metadata = claimMetadata({ owner: "another", state, claimS: 60, failures: 0 });
  await world.objects.put(resultKey({ id, generation: 0 }), xml, { metadata, condition: "absent" });
  return xml;
}

/** Heartbeats take a moment to reach the queue. */
function slowHeartbeats(queue: World["queues"]["requests"], { clock }: World): void {
  const change = queue.changeVisibility.bind(queue);
  queue.changeVisibility = async (entries) => {
    if (entries.some((it) => it.visibilityTimeoutS === 60)) await clock.sleep(2_500);
    return await change(entries);
  };
}

describe("the lease", () => {
  test("is kept for as long as the program runs", async () => {
    const world = createWorld(hour);
    await world.submit();
    const agent = world.start();
    await world.clock.until(world.idle, 2 * 3_600_000);
    expect(world.processes.started).toHaveLength(1);
    expect(agent.worker.counts.done).toBe(1);
    await world.drain(agent);
  });

  test("of a try that fails while a heartbeat is under way: the pause is not overwritten by it", async () => {
    let runs = 0;
    const world = createWorld({
      program: () => ({ takesMs: runs++ === 0 ? 17_000 : 1_000, code: 1 }),
      services: [manifestOf({ retries: 1 })],
    });
    slowHeartbeats(world.queues.requests, world);
    await world.submit();
    const agent = world.start();
    await world.clock.until(() => runs === 2);
    expect(world.clock.monotonic()).toBeLessThan(60_000);
    await world.clock.until(world.idle);
    await world.drain(agent);
  });

  test("of a delivery that fails while a heartbeat is under way: nor is its pause", async () => {
    const world = createWorld({
      callback: (n) => ({ afterMs: n === 1 ? 17_000 : 0, status: n < 2 ? 500 : 200 }),
    });
    slowHeartbeats(world.queues.deliveries, world);
    await world.submit();
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.clock.monotonic()).toBeLessThan(60_000);
    await world.drain(agent);
  });

  test("lost in the middle of a run ends the program at once, and nothing else follows", async () => {
    const world = createWorld(hour);
    await world.submit();
    const agent = world.start();
    await world.clock.until(() => world.processes.running === 1);
    agent.life.cut(/^requests\./);
    const from = agent.life.calls.length;
    await world.clock.until(() => world.processes.running === 0);
    expect(world.clock.monotonic()).toBeLessThan(60_000);
    expect(world.processes.killed).toEqual(["SIGKILL"]);
    await world.clock.until(() => agent.worker.counts.abandoned === 1);
    expect(agent.life.calls.slice(from).filter((it) => /^(objects|http|dead)/.test(it))).toEqual([]);
    expect(world.callbacks.requests).toEqual([]);
    agent.life.cut();
    const second = world.start(createLife(), "b");
    await world.clock.until(world.idle, 3 * 3_600_000);
    expect(world.callbacks.requests).toHaveLength(1);
    await world.drain(second);
    await world.drain(agent);
  });

  test("an agent that stood still for longer than its lease has no second effect", async () => {
    const world = createWorld({ program: () => ({ takesMs: 30_000 }) });
    const id = await world.submit();
    const frozen = world.start(createLife());
    await world.clock.until(() => world.processes.running === 1);
    // Its calls hang, as in a stopped process; its job is done by another meanwhile.
    frozen.life.cut(/./);
    const second = world.start(createLife(), "b");
    await world.clock.until(world.idle);
    frozen.life.cut();
    await world.clock.advance(120_000);
    expect(world.callbacks.requests).toHaveLength(1);
    expect(world.result(id)?.status).toBe("success");
    await world.drain(second);
    await world.drain(frozen);
  });
});

describe("the fence", () => {
  test("a commit that comes second delivers nothing and hands the message back until the claim is over", async () => {
    const world = createWorld();
    const id = await world.submit();
    const agent = world.start();
    await world.clock.until(() => world.processes.running === 1);
    const theirs = await stranger(world, id, "held");
    await world.clock.until(() => agent.worker.counts.returned === 1);
    expect(world.callbacks.requests).toEqual([]);
    await world.clock.advance(55_000);
    expect(world.callbacks.requests, "while the other's claim stands").toEqual([]);
    await world.clock.until(world.idle);
    expect(world.callbacks.requests.map((it) => Buffer.from(it.body ?? "").toString())).toEqual([theirs]);
    expect(world.processes.started).toHaveLength(1);
    await world.drain(agent);
  });

  test("recognises its own write when the answer was lost", async () => {
    const world = createWorld();
    const id = await world.submit();
    const agent = world.start(createLife({ kind: "answer-lost", at: 1 }, (it) => it === "objects.put"));
    await world.clock.until(world.idle);
    expect(agent.life.fired).toBe(true);
    expect(world.callbacks.requests).toHaveLength(1);
    expect(world.result(id)?.status).toBe("success");
    expect(world.clock.monotonic()).toBeLessThan(10_000);
    await world.drain(agent);
  });

  test("a result that is there already is delivered without running anything", async () => {
    const world = createWorld();
    const id = await world.submit();
    await world.queues.requests.receive({ max: 1, waitS: 0, visibilityTimeoutS: 0 });
    const theirs = await stranger(world, id, "released");
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.processes.started).toEqual([]);
    expect(world.callbacks.requests.map((it) => Buffer.from(it.body ?? "").toString())).toEqual([theirs]);
    await world.drain(agent);
  });

  test("two agents that hold the same message at once have one effect", async () => {
    const world = createWorld({ program: () => ({ takesMs: 20_000 }) });
    const id = await world.submit();
    const first = world.start(createLife(), "a");
    await world.clock.until(() => world.processes.running === 1);
    // A duplicate delivery: SQS shows the message to another agent although it is in flight.
    const [held] = world.queues.requests.messages;
    if (held !== undefined) held.visibleAt = 0;
    const second = world.start(createLife(), "b");
    await world.clock.until(world.idle);
    expect(world.processes.started).toHaveLength(2);
    expect(world.callbacks.requests).toHaveLength(1);
    expect(world.result(id)?.status).toBe("success");
    await world.drain(first);
    await world.drain(second);
  });
});

describe("the delete", () => {
  test("whose answer was lost leaves no second delivery", async () => {
    const world = createWorld();
    await world.submit();
    const agent = world.start(createLife({ kind: "answer-lost", at: 1 }, (it) => it === "requests.delete"));
    await world.clock.until(() => agent.worker.counts.done === 1);
    await world.clock.advance(180_000);
    expect(world.callbacks.requests).toHaveLength(1);
    await world.drain(agent);
  });

  test("that cannot be made although the callback had the result: nobody repeats the callback", async () => {
    const world = createWorld();
    await world.submit();
    const agent = world.start();
    await world.clock.until(() => world.processes.running === 1);
    agent.life.cut(/^requests\.(delete|changeVisibility)/);
    await world.clock.until(() => world.callbacks.requests.length === 1);
    await world.clock.advance(90_000);
    agent.life.cut();
    await world.clock.until(world.idle);
    expect(world.callbacks.requests).toHaveLength(1);
    await world.drain(agent);
  });

  test("that hangs until the lease is lost: nobody repeats the callback either", async () => {
    const world = createWorld();
    await world.submit();
    const agent = world.start();
    await world.clock.until(() => world.processes.running === 1);
    // A partition from the queue alone: the delete gives up after 75 s, heartbeats fail all the while.
    const { requests } = world.queues;
    const whole = { ...requests };
    requests.delete = () => world.clock.sleep(75_000).then(() => Promise.reject(new Error("no answer")));
    requests.changeVisibility = () => Promise.reject(new Error("no answer"));
    await world.clock.until(() => world.callbacks.requests.length === 1);
    await world.clock.advance(120_000);
    Object.assign(requests, whole);
    await world.clock.until(world.idle);
    expect(world.callbacks.requests).toHaveLength(1);
    await world.drain(agent);
  });
});
