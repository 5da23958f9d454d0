import { describe, expect, test } from "vitest";
import { CALLBACK, createWorld, fetchingRequest, requestOf } from "../../support/agent-world.ts";
import { manifestOf } from "../../support/manifest.ts";

/** What a job costs, polls and local files left out. */
const costs = (calls: readonly string[]) =>
  calls.filter((it) =>
    /^(objects|http|processes|deliveries\.send|dead|responses)|^requests\.(delete|change)/.test(it),
  );

describe("the straight way", () => {
  test("costs one PUT, no GET, one delivery and one delete, in this order", async () => {
    const world = createWorld();
    const id = await world.submit();
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(costs(agent.life.calls)).toEqual([
      "processes.spawn",
      "objects.put",
      "http.request",
      "requests.delete",
    ]);
    expect(world.result(id)).toMatchObject({
      service: "echo",
      status: "success",
      messageId: id,
      rawOutput: { encoding: "none", content: "1 2 3" },
      timings: { runS: 1 },
      message: "Request successfully processed (in 1.00 seconds).",
    });
    await world.drain(agent);
    expect(agent.worker.counts).toEqual({ done: 1, returned: 0, abandoned: 0 });
  });

  test("delivers exactly the bytes that are kept", async () => {
    const world = createWorld();
    const id = await world.submit();
    const agent = world.start();
    await world.clock.until(world.idle);
    const [request] = world.callbacks.requests;
    expect(request?.url).toBe(CALLBACK);
    expect(request?.headers["webhook-id"]).toBe(id);
    expect(Buffer.from(request?.body ?? "")).toEqual(world.objects.stored.get(`jobs/${id}/g0/result`)?.body);
    await world.drain(agent);
  });

  test("sends to the response queue what an SQS client needs", async () => {
    const world = createWorld();
    const id = await world.submit(requestOf({ output: { type: "queue" } }));
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.queues.responses.messages).toMatchObject([
      { attributes: { messageId: id, status: "success", service: "echo" } },
    ]);
    await world.drain(agent);
  });

  test("only keeps the result of a job whose client polls", async () => {
    const world = createWorld();
    const id = await world.submit(requestOf({ output: { type: "store" } }));
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(costs(agent.life.calls)).toEqual(["processes.spawn", "objects.put", "requests.delete"]);
    expect(world.result(id)?.status).toBe("success");
    await world.drain(agent);
  });

  test("leaves no file behind, whatever the end", async () => {
    const world = createWorld({ program: () => ({ takesMs: 10, code: 1 }) });
    await world.submit(fetchingRequest());
    await world.submit(requestOf({ service: "unknown" }));
    const agent = world.start();
    await world.clock.until(world.idle);
    await world.drain(agent);
    expect([...agent.files.contents.keys()].filter((it) => it.startsWith("/work/jobs"))).toEqual([]);
    expect([...agent.files.folders].filter((it) => it.startsWith("/work/jobs/"))).toEqual([]);
  });
});

describe("several jobs", () => {
  test("fetches the next input while a program runs, and starts it as soon as the slot is free", async () => {
    const world = createWorld({ program: () => ({ takesMs: 60_000 }), input: () => ({ afterMs: 5_000 }) });
    await world.submit(fetchingRequest());
    await world.submit(fetchingRequest());
    const agent = world.start();
    await world.clock.advance(30_000);
    expect(world.inputs.requests).toHaveLength(2);
    expect(world.processes.started).toHaveLength(1);
    await world.clock.until(world.idle);
    // 5 s for the first input, two runs, and none of the second input's 5 s.
    expect(world.clock.monotonic()).toBeLessThan(126_000);
    await world.drain(agent);
  });

  test("never runs more programs than slots, and never asks for what it could not soon run", async () => {
    const world = createWorld({ program: () => ({ takesMs: 100_000 }), settings: { slots: 3 } });
    for (let i = 0; i < 12; i++) await world.submit();
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.processes.started).toHaveLength(12);
    expect(world.processes.mostRunning).toBe(3);
    // Once the run time is known nothing is fetched half a run ahead: twelve jobs were received once each.
    expect(agent.worker.counts).toEqual({ done: 12, returned: 0, abandoned: 0 });
    await world.drain(agent);
  });

  test("a callback that is slow does not keep the next program waiting", async () => {
    const world = createWorld({ callback: () => ({ afterMs: 20_000 }) });
    for (let i = 0; i < 10; i++) await world.submit();
    const agent = world.start();
    await world.clock.until(() => world.processes.started.length === 10 && world.processes.running === 0);
    expect(world.clock.monotonic()).toBeLessThan(12_000);
    await world.clock.until(world.idle);
    await world.drain(agent);
  });
});

describe("programs that fail", () => {
  test.each([
    {
      what: "ends with an exit code",
      program: { takesMs: 10, code: 3, stderr: "no lens" },
      code: "program-failed",
    },
    { what: "is killed", program: { takesMs: 10, signal: "SIGSEGV" }, code: "program-killed" },
    { what: "never ends", program: { takesMs: Infinity, stubborn: true }, code: "program-deadline" },
  ])("$what: as many tries as the service allows, then told and parked", async ({ program, code }) => {
    const world = createWorld({
      program: () => program,
      services: [manifestOf({ retries: 2, timeoutS: 5 })],
    });
    const id = await world.submit();
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.processes.started).toHaveLength(3);
    expect(world.result(id)).toMatchObject({ status: "failed", error: { code } });
    expect(world.queues.dead.messages).toMatchObject([{ attributes: { "drover-code": code } }]);
    expect(world.callbacks.requests).toHaveLength(1);
    const attempts = [...world.objects.stored.keys()].filter((it) => it.endsWith(".failed"));
    expect(attempts).toHaveLength(3);
    await world.drain(agent);
  });

  test("once and then not: the client sees the success alone", async () => {
    let tries = 0;
    const world = createWorld({ program: () => ({ takesMs: 10, code: tries++ === 0 ? 1 : 0 }) });
    const id = await world.submit();
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.result(id)?.status).toBe("success");
    expect(world.callbacks.requests).toHaveLength(1);
    await world.drain(agent);
  });

  test.each(["\u001B[31mred", "\0\0\0", "\u0085", "\uFFFE"])(
    "promised JSON and wrote %j: told and parked all the same",
    async (stdout) => {
      const services = [manifestOf({ retries: 0, result: { kind: "json" } })];
      const world = createWorld({ services, program: () => ({ takesMs: 10, stdout }) });
      const id = await world.submit();
      const agent = world.start();
      await world.clock.until(world.idle);
      expect(world.result(id)).toMatchObject({ status: "failed", error: { code: "output-invalid" } });
      expect(world.queues.dead.messages).toHaveLength(1);
      await world.drain(agent);
    },
  );

  test("output that XML cannot carry comes as base64", async () => {
    const stdout = Buffer.from([0, 27, 255, 10]);
    const world = createWorld({ program: () => ({ takesMs: 10, stdout }) });
    const id = await world.submit();
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.result(id)?.rawOutput).toEqual({ encoding: "base64", content: stdout.toString("base64") });
    await world.drain(agent);
  });
});

describe("inputs that cannot be had", () => {
  test.each([
    { status: 404, code: "input-not-found", requests: 1 },
    { status: 401, code: "input-unauthorized", requests: 1 },
    { status: 403, code: "input-unauthorized", requests: 1 },
    { status: 418, code: "input-refused", requests: 1 },
  ])("HTTP $status is $code after $requests requests", async ({ status, code, requests }) => {
    const world = createWorld({ input: () => ({ status }) });
    const id = await world.submit(fetchingRequest());
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.result(id)?.error?.code).toBe(code);
    expect(world.inputs.requests).toHaveLength(requests);
    expect(world.processes.started).toEqual([]);
    expect(world.queues.dead.messages).toEqual([]);
    await world.drain(agent);
  });

  test("out of reach: tried until the budget is spent, with no try of the program used up", async () => {
    const world = createWorld({ input: () => ({ status: 503 }), settings: { retryBudgetS: 60 } });
    const id = await world.submit(fetchingRequest());
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.result(id)).toMatchObject({ status: "rejected", error: { code: "input-unreachable" } });
    expect(world.clock.monotonic()).toBeGreaterThanOrEqual(60_000);
    expect(world.clock.monotonic()).toBeLessThan(100_000);
    expect([...world.objects.stored.keys()].some((it) => it.endsWith(".failed"))).toBe(false);
    await world.drain(agent);
  });

  test("out of reach for a while: the job is done when it is back", async () => {
    const world = createWorld({
      input: (n) => (n < 12 ? { status: 503 } : { body: "here" }),
      services: [manifestOf({ name: "fetch", input: { types: ["http"] }, retries: 0 })],
    });
    const id = await world.submit(fetchingRequest());
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.result(id)?.status).toBe("success");
    await world.drain(agent);
  });

  test("slower than the service's limit", async () => {
    const world = createWorld({ input: () => ({ afterMs: 90_000 }) });
    const id = await world.submit(fetchingRequest());
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.result(id)?.error?.code).toBe("input-too-slow");
    await world.drain(agent);
  });
});
