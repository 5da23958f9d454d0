import { describe, expect, test } from "vitest";
import { buildRequest } from "../../../schemas/build.ts";
import { createWorld, requestOf } from "../../support/agent-world.ts";
import { createLife } from "../../support/mortal.ts";

const bodies = (requests: readonly { body?: string | Uint8Array }[]) =>
  new Set(requests.map((it) => Buffer.from(it.body ?? "").toString()));

describe("a callback that fails", () => {
  test("moves to the deliveries queue: the request is gone and the slot is free", async () => {
    const world = createWorld({ callback: () => ({ status: 500 }) });
    const id = await world.submit();
    const agent = world.start();
    await world.clock.until(() => world.queues.requests.messages.length === 0);
    expect(world.queues.deliveries.messages).toHaveLength(1);
    expect(world.result(id)?.status).toBe("success");
    expect(agent.worker.holdings()).toMatchObject({ runningS: [], waiting: 0 });
    agent.worker.stop();
    await world.clock.settle(agent.ended);
  });

  test("is repeated with the same id and the same bytes until it succeeds", async () => {
    const world = createWorld({ callback: (n) => ({ status: n < 5 ? 503 : 204 }) });
    const id = await world.submit();
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.callbacks.answers).toEqual([503, 503, 503, 503, 503, 204]);
    expect(bodies(world.callbacks.requests).size).toBe(1);
    expect(new Set(world.callbacks.requests.map((it) => it.headers["webhook-id"]))).toEqual(new Set([id]));
    expect(world.processes.started).toHaveLength(1);
    expect(world.queues.dead.messages).toEqual([]);
    await world.drain(agent);
  });

  test.each([
    ["ahead", 1_200_000],
    ["behind", -1_200_000],
  ])(
    "comes in time, and not too early, when the clock of who postponed it is twenty minutes %s",
    async (_, skewMs) => {
      const askedS = 100;
      const world = createWorld({
        callback: (n) => (n === 0 ? { status: 503, headers: { "retry-after": String(askedS) } } : {}),
      });
      await world.submit();
      const first = world.start();
      first.life.skewMs = skewMs;
      await world.clock.until(() => world.callbacks.requests.length === 1);
      await world.drain(first);
      const afterMs = world.clock.monotonic();
      const second = world.start(createLife(), "b");
      await world.clock.until(world.idle);
      expect(world.clock.monotonic() - afterMs).toBeGreaterThanOrEqual(askedS * 1000 - 1_000);
      expect(world.clock.monotonic() - afterMs).toBeLessThan(askedS * 1000 + 5_000);
      await world.drain(second);
    },
  );

  test("is not given up early by an agent whose clock is hours ahead", async () => {
    const world = createWorld({
      callback: (n) => ({ status: n < 5 ? 503 : 204 }),
      settings: { deliveryBudgetS: 3_600 },
    });
    await world.submit();
    const agent = world.start();
    agent.life.skewMs = 7_200_000;
    await world.clock.until(world.idle);
    expect(world.callbacks.answers.at(-1)).toBe(204);
    expect(world.queues.dead.messages).toEqual([]);
    await world.drain(agent);
  });

  test("along with more of them than are delivered at once: none is forgotten", async () => {
    const JOBS = 12;
    const world = createWorld({
      callback: (n) => (n < JOBS ? { status: 503 } : { afterMs: 20_000 }),
      settings: { slots: JOBS },
    });
    for (let n = 0; n < JOBS; n++) await world.submit();
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.callbacks.answers.filter((it) => it === 200)).toHaveLength(JOBS);
    await world.drain(agent);
  });

  test("for longer than the budget is parked with the reason; the result stays", async () => {
    const world = createWorld({ callback: () => ({ status: 500 }), settings: { deliveryBudgetS: 600 } });
    const id = await world.submit();
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.clock.monotonic()).toBeGreaterThan(600_000);
    expect(world.queues.dead.messages).toMatchObject([
      { attributes: { "drover-code": "output-undeliverable" } },
    ]);
    expect(world.queues.dead.messages[0]?.attributes["drover-reason"]).toContain("HTTP 500");
    expect(world.result(id)?.status).toBe("success");
    await world.drain(agent);
  });

  test("with 410 is not asked again, and parked", async () => {
    const world = createWorld({ callback: () => ({ status: 410 }) });
    await world.submit();
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.callbacks.answers).toEqual([410]);
    expect(world.queues.dead.messages).toHaveLength(1);
    await world.drain(agent);
  });

  test("with another 4xx is asked four times in all, then parked", async () => {
    const world = createWorld({ callback: () => ({ status: 403 }) });
    await world.submit();
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.callbacks.answers).toEqual([403, 403, 403, 403]);
    expect(world.queues.dead.messages).toHaveLength(1);
    await world.drain(agent);
  });

  test("does not wait longer for each time that the dead-letter queue was away", async () => {
    const TRIES = 40;
    const life = createLife();
    const world = createWorld({ callback: (n) => ({ status: n === TRIES ? 500 : 403 }) });
    await world.submit();
    const agent = world.start(life);
    life.cut(/^dead\./);
    await world.clock.until(() => world.callbacks.requests.length === TRIES);
    life.cut();
    await world.clock.until(world.idle, 30_000);
    expect(world.callbacks.answers.at(-1)).toBe(403);
    expect(world.queues.dead.messages).toHaveLength(1);
    await world.drain(agent);
  });

  test("is parked soon after the dead-letter queue is back, not a claim later", async () => {
    const life = createLife();
    const world = createWorld({ callback: (n) => ({ status: n === 0 ? 500 : 410 }) });
    await world.submit();
    const agent = world.start(life);
    life.cut(/^dead\./);
    await world.clock.until(() => world.callbacks.requests.length === 2);
    life.cut();
    await world.clock.until(world.idle, 10_000);
    expect(world.queues.dead.messages).toHaveLength(1);
    await world.drain(agent);
  });

  test("with 410 is not asked every few seconds while the dead-letter queue is away", async () => {
    const life = createLife();
    const world = createWorld({ callback: (n) => ({ status: n === 0 ? 500 : 410 }) });
    await world.submit();
    const agent = world.start(life);
    life.cut(/^dead\./);
    await world.clock.until(() => world.callbacks.requests.length === 2);
    await world.clock.advance(55_000); // the claim is good for sixty
    expect(world.callbacks.requests).toHaveLength(2);
    await world.clock.advance(15_000);
    expect(world.callbacks.requests).toHaveLength(3);
    agent.worker.stop();
    await world.clock.settle(agent.ended); // it does not insist when it has to go
    const [delivery] = world.queues.deliveries.messages;
    expect(delivery?.visibleAt).toBeLessThanOrEqual(world.clock.monotonic());
    const second = world.start(createLife(), "b");
    await world.clock.until(world.idle, 10_000);
    expect(world.queues.dead.messages).toHaveLength(1);
    await world.drain(second);
  });

  test.each([60, 600, 3_000])("is left alone for the %s s of its Retry-After", async (seconds) => {
    const headers = { "retry-after": String(seconds) };
    const world = createWorld({ callback: (n) => (n === 0 ? { status: 503, headers } : {}) });
    await world.submit();
    const agent = world.start();
    await world.clock.until(() => world.callbacks.requests.length === 1);
    const toldAt = world.clock.monotonic();
    await world.clock.until(world.idle, 2 * 3_600_000);
    expect(world.callbacks.requests).toHaveLength(2);
    expect((world.clock.monotonic() - toldAt) / 1000).toBeGreaterThanOrEqual(seconds - 1);
    expect((world.clock.monotonic() - toldAt) / 1000).toBeLessThan(seconds + 30);
    await world.drain(agent);
  });

  test("with a Retry-After again and again is left alone each time", async () => {
    const headers = { "retry-after": "1800" };
    const world = createWorld({
      callback: (n) => (n < 3 ? { status: 503, headers } : {}),
      settings: { deliveryBudgetS: 86_400 },
    });
    await world.submit();
    const agent = world.start();
    await world.clock.until(world.idle, 3 * 3_600_000);
    expect(world.callbacks.requests).toHaveLength(4);
    expect(world.clock.monotonic() / 1000).toBeGreaterThan(3 * 1800);
    await world.drain(agent);
  });

  test("that never answers is given up after its time, and the machine goes on meanwhile", async () => {
    const world = createWorld({ callback: (n) => (n === 0 ? { afterMs: 3_600_000 } : {}) });
    await world.submit();
    const agent = world.start();
    await world.clock.until(() => world.queues.deliveries.messages.length === 1);
    expect(world.clock.monotonic()).toBeLessThan(33_000);
    await world.clock.until(world.idle);
    expect(world.callbacks.requests).toHaveLength(2);
    await world.drain(agent);
  });
});

describe("the deliveries queue", () => {
  test("two holders of one delivery never POST at the same time", async () => {
    const world = createWorld({ callback: (n) => ({ status: n === 0 ? 500 : 200, afterMs: 5_000 }) });
    await world.submit();
    const first = world.start(undefined, "a");
    await world.clock.until(
      () => world.queues.deliveries.messages.length === 1 && world.queues.requests.messages.length === 0,
    );
    const [held] = world.queues.deliveries.messages;
    if (held === undefined) throw new Error("The delivery is there.");
    const { body, attributes } = held;
    // A duplicate, as SQS may show it: both become visible at the same moment to two agents.
    await world.queues.deliveries.send(body, {
      attributes,
      delayS: Math.ceil((held.visibleAt - world.clock.monotonic()) / 1000),
    });
    const second = world.start(undefined, "b");
    await world.clock.until(world.idle);
    expect(world.callbacks.overlaps).toBe(0);
    expect(world.callbacks.answers).toEqual([500, 200]);
    await world.drain(first);
    await world.drain(second);
  });

  test("does not act on what the fleet has not signed", async () => {
    const world = createWorld();
    await world.queues.deliveries.send('<request service="echo"><output type="store"/></request>');
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.queues.dead.messages).toHaveLength(1);
    expect(world.callbacks.requests).toEqual([]);
    await world.drain(agent);
  });

  test.each([
    ["output-undeliverable", buildRequest(requestOf()), 1],
    ["request-not-xml", "hello", 0],
  ])("a letter (%s) that SQS's own redrive moved, to whichever queue, goes back as it is", async (...its) => {
    const [code, body, callbacks] = its;
    const world = createWorld({ callback: () => ({ status: 410 }) });
    await world.submit(body);
    const agent = world.start();
    for (const to of [world.queues.deliveries, world.queues.requests]) {
      await world.clock.until(world.idle);
      const [letter] = await world.queues.dead.receive({ max: 10, waitS: 0, visibilityTimeoutS: 60 });
      if (letter === undefined) throw new Error("It was given up.");
      expect(letter.attributes).toMatchObject({ "drover-code": code });
      await to.send(letter.body, { attributes: letter.attributes });
      await world.queues.dead.delete([letter.receiptHandle]);
      await world.clock.until(world.idle);
      expect(world.queues.dead.messages).toMatchObject([
        { body: letter.body, attributes: letter.attributes },
      ]);
    }
    expect(world.callbacks.requests).toHaveLength(callbacks);
    await world.drain(agent);
  });

  test("a request that goes by way of the bucket and is gone from there is parked once, copies or not", async () => {
    const world = createWorld({ callback: () => ({ status: 500 }) });
    const id = await world.submit(`${buildRequest(requestOf())}${" ".repeat(1024 * 1024 - 2_000)}`);
    const agent = world.start();
    await world.clock.until(() => world.queues.deliveries.messages.length === 1);
    await world.objects.delete(`jobs/${id}/g0/request`);
    const [held] = world.queues.deliveries.messages;
    if (held === undefined) throw new Error("The delivery is there.");
    await world.queues.deliveries.send(held.body, { attributes: held.attributes });
    await world.clock.until(world.idle);
    expect(world.queues.dead.messages).toMatchObject([{ attributes: { "drover-code": "internal" } }]);
    await world.drain(agent);
  });

  test("a request that is gone from the bucket is no matter once its result was delivered", async () => {
    const world = createWorld({ callback: (n) => ({ status: n === 0 ? 500 : 200 }) });
    const id = await world.submit(`${buildRequest(requestOf())}${" ".repeat(1024 * 1024 - 2_000)}`);
    const agent = world.start();
    await world.clock.until(() => world.queues.deliveries.messages.length === 1);
    const [held] = world.queues.deliveries.messages;
    if (held === undefined) throw new Error("The delivery is there.");
    await world.clock.until(world.idle);
    await world.objects.delete(`jobs/${id}/g0/request`);
    await world.queues.deliveries.send(held.body, { attributes: held.attributes });
    await world.clock.until(world.idle);
    expect(world.callbacks.answers).toEqual([500, 200]);
    expect(world.queues.dead.messages).toEqual([]);
    await world.drain(agent);
  });

  test("a delivery whose result is gone is parked at last, not asked for ever", async () => {
    const world = createWorld({ callback: () => ({ status: 500 }), settings: { deliveryBudgetS: 300 } });
    const id = await world.submit();
    const agent = world.start();
    await world.clock.until(() => world.queues.requests.messages.length === 0);
    await world.objects.delete(`jobs/${id}/g0/result`);
    await world.objects.delete(`jobs/${id}/g0/claim`);
    await world.clock.until(world.idle, 3_600_000);
    expect(world.queues.dead.messages).toHaveLength(1);
    await world.drain(agent);
  });
});
