import { describe, expect, test } from "vitest";
import { claimMetadata } from "../../../jobs/claim.ts";
import { cancelKey, resultKey } from "../../../jobs/keys.ts";
import { buildResponse } from "../../../schemas/build.ts";
import { createWorld, requestOf } from "../../support/agent-world.ts";
import { manifestOf } from "../../support/manifest.ts";
import { createLife } from "../../support/mortal.ts";

const VISIBILITY_MS = 60_000;

describe("a job that takes its hosts down", () => {
  test("is not given a fourth one: its client is told, and the request waits for a person", async () => {
    const world = createWorld({ program: () => ({ takesMs: Infinity }) });
    const id = await world.submit();
    for (const name of ["a", "b", "c"]) {
      const life = createLife();
      world.start(life, name);
      await world.clock.until(() => world.processes.started.length > "abc".indexOf(name));
      life.die();
      await world.clock.advance(VISIBILITY_MS);
    }
    const last = world.start(createLife(), "d");
    await world.clock.until(world.idle);
    expect(world.processes.started).toHaveLength(3);
    expect(world.result(id)).toMatchObject({ status: "rejected", error: { code: "quarantined" } });
    expect(world.queues.dead.messages).toMatchObject([{ attributes: { "drover-code": "quarantined" } }]);
    await world.drain(last);
  });

  test("is not one that agents handed back, however often", async () => {
    const world = createWorld({ program: () => ({ takesMs: 30_000, stdout: "done" }) });
    const id = await world.submit();
    for (const name of ["a", "b", "c", "d", "e"]) {
      const agent = world.start(createLife(), name);
      await world.clock.advance(5_000);
      agent.worker.stop();
      await world.clock.settle(agent.ended);
    }
    const last = world.start(createLife(), "f");
    await world.clock.until(world.idle);
    expect(world.result(id)?.status).toBe("success");
    await world.drain(last);
  });
});

test("a message is not kept for longer than SQS hides one: its program starts under a new receipt", async () => {
  const HOUR_S = 3_600;
  const world = createWorld({
    services: [manifestOf({ timeoutS: 8 * HOUR_S })],
    program: () => ({ takesMs: 7 * HOUR_S * 1000, stdout: "done" }),
  });
  const ids = [await world.submit(), await world.submit()];
  const agent = world.start();
  await world.clock.until(world.idle, 24 * HOUR_S * 1000);
  expect(ids.map((it) => world.result(it)?.status)).toEqual(["success", "success"]);
  expect(world.processes.started).toHaveLength(2);
  await world.drain(agent);
});

describe("a request about to expire in the queue", () => {
  const WEEK_MS = 7 * 86_400_000;

  test("is parked, and its client told, while there is time", async () => {
    const world = createWorld();
    const id = await world.submit();
    await world.clock.advance(WEEK_MS - 60_000);
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.processes.started).toEqual([]);
    expect(world.result(id)?.error?.code).toBe("request-expiring");
    expect(world.queues.dead.messages).toMatchObject([{ attributes: { "drover-code": "request-expiring" } }]);
    expect(world.callbacks.requests).toHaveLength(1);
    await world.drain(agent);
  });

  test("that waits for a newer agent does not wait for ever", async () => {
    const world = createWorld();
    await world.submit('<request service="echo" contract="99"><output type="store"/></request>');
    await world.clock.advance(WEEK_MS - 3_600_000);
    const agent = world.start();
    await world.clock.until(() => world.queues.dead.messages.length === 1);
    expect(world.queues.dead.messages[0]?.attributes["drover-code"]).toBe("request-expiring");
    await world.drain(agent);
  });
});

describe("a cancelled job", () => {
  const cancelled = (id: string) =>
    buildResponse({
      service: "echo",
      status: "cancelled",
      messageId: id,
      error: { code: "job-cancelled" },
      artifacts: [],
      message: "The job was cancelled.",
    });

  async function cancel(world: ReturnType<typeof createWorld>, id: string) {
    const job = { id, generation: 0 };
    await world.objects.put(resultKey(job), cancelled(id), {
      metadata: claimMetadata({ owner: "operator", state: "released", claimS: 0, failures: 0 }),
      condition: "absent",
    });
    await world.objects.put(cancelKey(job), "");
  }

  test("that runs is stopped, and its client told once", async () => {
    const world = createWorld({ program: () => ({ takesMs: Infinity }) });
    const id = await world.submit();
    const agent = world.start();
    await world.clock.until(() => world.processes.started.length === 1);
    await cancel(world, id);
    await agent.context.cancellations.refresh();
    agent.worker.leaveCancelled();
    await world.clock.until(world.idle);
    expect(world.processes.started).toHaveLength(1);
    expect(world.callbacks.requests.map((it) => String(it.body))).toEqual([cancelled(id)]);
    expect(world.objects.stored.has(cancelKey({ id, generation: 0 }))).toBe(false);
    await world.drain(agent);
  });

  test("that waits is not started", async () => {
    const world = createWorld();
    const id = await world.submit(requestOf());
    await cancel(world, id);
    const agent = world.start();
    await agent.context.cancellations.refresh();
    await world.clock.until(world.idle);
    expect(world.processes.started).toEqual([]);
    expect(world.callbacks.requests).toHaveLength(1);
    await world.drain(agent);
  });

  test("that nobody noticed in time loses its commit: the client still hears of one result", async () => {
    const world = createWorld();
    const id = await world.submit();
    const agent = world.start();
    await world.clock.until(() => world.processes.started.length === 1);
    await cancel(world, id);
    await world.clock.until(world.idle);
    expect(world.callbacks.requests.map((it) => String(it.body))).toEqual([cancelled(id)]);
    await world.drain(agent);
  });
});

test("what is parked raises the alarm that the operator set", async () => {
  const world = createWorld({
    program: () => ({ takesMs: 10, code: 3 }),
    settings: { alarm: ["/usr/bin/notify", "drover"] },
  });
  const id = await world.submit();
  const agent = world.start();
  await world.clock.until(world.idle);
  const alarms = world.processes.started.filter((it) => it.argv[0] === "/usr/bin/notify");
  expect(alarms).toHaveLength(1);
  expect(JSON.parse(alarms[0]?.options.env["DROVER_ALARM"] ?? "")).toMatchObject({
    event: "parked",
    job: id,
    code: "program-failed",
  });
  await world.drain(agent);
});
