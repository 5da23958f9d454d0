import { describe, expect, test } from "vitest";
import { claimMetadata, claimOf } from "../../../jobs/claim.ts";
import { buildResponse } from "../../../schemas/build.ts";
import {
  CALLBACK,
  createWorld,
  fetchingRequest,
  requestOf,
  type WorldOptions,
} from "../../support/agent-world.ts";
import { createLife } from "../../support/mortal.ts";

describe("requests that are refused", () => {
  const refusals = [
    { what: "an unknown service", job: requestOf({ service: "nothing" }), code: "service-unknown" },
    {
      what: "an unknown parameter",
      job: requestOf({ parameters: [{ name: "X", value: "1" }] }),
      code: "parameter-unknown",
    },
    {
      what: "an input nobody asked for",
      job: requestOf({ input: { type: "http", href: "http://a.example/" } }),
      code: "input-type-refused",
    },
    { what: "a missing input", job: requestOf({ service: "fetch" }), code: "input-missing" },
    {
      what: "an invalid document with a good output",
      job: `<request service="echo"><wrong/><output type="callback" href="${CALLBACK}"/></request>`,
      code: "request-invalid",
    },
  ];

  test.each(refusals)("$what: the client is told, nothing is run", async ({ job, code }) => {
    const world = createWorld();
    const id = await world.submit(job);
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.result(id)).toMatchObject({ status: "rejected", error: { code } });
    expect(world.result(id)?.message).toMatch(/^\S.{20,}[.!?)]$/s);
    expect(world.callbacks.requests).toHaveLength(1);
    expect(world.processes.started).toEqual([]);
    expect(world.queues.dead.messages).toEqual([]);
    await world.drain(agent);
  });

  test.each([
    { what: "not XML", body: "hello", code: "request-not-xml" },
    {
      what: "a DOCTYPE",
      body: '<!DOCTYPE request><request service="echo"><output type="store"/></request>',
      code: "request-doctype",
    },
    {
      what: "two outputs",
      body: '<request service="echo"><output type="store"/><output type="queue"/></request>',
      code: "request-invalid",
    },
  ])("$what that names no output is parked with the reason", async ({ body, code }) => {
    const world = createWorld();
    const id = await world.submit(body);
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.queues.dead.messages).toMatchObject([
      { body, attributes: { "drover-code": code, "drover-instance": "a" } },
    ]);
    expect(world.result(id)).toMatchObject({ status: "rejected", error: { code, line: 1 } });
    await world.drain(agent);
  });

  test("as large as SQS allows is parked too, and the agent goes on", async () => {
    const world = createWorld();
    await world.submit("x".repeat(1024 * 1024));
    await world.submit();
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.queues.dead.messages).toHaveLength(1);
    expect(world.callbacks.requests).toHaveLength(1);
    await world.drain(agent);
  });

  test("a request for a newer contract goes back for a newer agent, untouched", async () => {
    const world = createWorld();
    const id = await world.submit('<request service="echo" contract="2"><output type="store"/></request>');
    const agent = world.start();
    await world.clock.until(() => agent.worker.counts.returned === 1);
    expect(world.queues.requests.messages).toMatchObject([{ id, receiveCount: 1 }]);
    expect(world.result(id)).toBeUndefined();
    await world.drain(agent);
  });

  describe("a request for a newer contract, with an output that only a newer agent knows", () => {
    const request = '<request service="echo" contract="2"><output type="pigeon"/></request>';

    /** The newer agent was gone before it could tell its client. */
    async function committedByNewer(options: WorldOptions = {}) {
      const world = createWorld(options);
      const id = await world.submit(request);
      const response = buildResponse({
        service: "echo",
        status: "success",
        messageId: id,
        artifacts: [],
        timings: { queuedS: 0, inputS: 0, runS: 1 },
        message: "Request successfully processed.",
      });
      const claim = { owner: "newer", state: "held", claimS: 60, failures: 0 } as const;
      await world.objects.put(`jobs/${id}/g0/result`, response, { metadata: claimMetadata(claim) });
      const agent = world.start();
      return { world, id, agent };
    }

    test("is not taken for one that nobody waits for: its delivery is left to a newer agent", async () => {
      const { world, id, agent } = await committedByNewer();
      await world.clock.until(() => world.queues.requests.messages.length === 0);
      expect(world.queues.deliveries.messages).toMatchObject([{ body: request }]);
      const claim = (await world.objects.head(`jobs/${id}/g0/claim`))?.metadata ?? {};
      expect(claimOf(claim)).toMatchObject({ state: "released" });
      await world.drain(agent);
    });

    test("is parked as undeliverable when none came", async () => {
      const { world, agent } = await committedByNewer({ settings: { deliveryBudgetS: 600 } });
      await world.clock.until(world.idle);
      expect(world.clock.monotonic()).toBeGreaterThan(600_000);
      expect(world.queues.dead.messages).toMatchObject([
        { body: request, attributes: { "drover-code": "output-undeliverable" } },
      ]);
      await world.drain(agent);
    });
  });

  test("a deadline that has passed in the queue", async () => {
    const world = createWorld();
    const id = await world.submit(requestOf({ deadlineS: 10 }));
    await world.clock.advance(11_000);
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.result(id)).toMatchObject({ status: "rejected", error: { code: "job-deadline" } });
    await world.drain(agent);
  });

  test("a secret that the fleet lacks and the input needs: the client is told which", async () => {
    const world = createWorld();
    const credentials = { type: "http-basic", ref: "vault" } as const;
    const id = await world.submit({
      ...fetchingRequest(),
      input: { type: "http", href: "http://a.example/", credentials },
    });
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.result(id)).toMatchObject({ error: { code: "secret-unknown" } });
    expect(world.result(id)?.message).toContain("vault");
    await world.drain(agent);
  });

  test("a secret that only the callback needs: parked, since nobody can be told", async () => {
    const world = createWorld();
    const credentials = { type: "http-basic", ref: "vault" } as const;
    await world.submit(requestOf({ output: { type: "callback", href: CALLBACK, credentials } }));
    const agent = world.start();
    await world.clock.until(world.idle);
    expect(world.callbacks.requests).toEqual([]);
    expect(world.queues.dead.messages).toMatchObject([{ attributes: { "drover-code": "secret-unknown" } }]);
    await world.drain(agent);
  });

  describe("a result whose callback takes a secret that only the agent which committed it held", () => {
    const signature = { ref: "hook" };
    const job = requestOf({ output: { type: "callback", href: CALLBACK, signature } });
    const hook = "whsec_UExBTlRFRC1hLXNlY3JldC1vZi10aGlydHktdHdvLWJ5dGVz";

    async function committedOnly() {
      const options: WorldOptions = { secrets: { hook } };
      const world = createWorld(options);
      const id = await world.submit(job);
      world.start(createLife({ kind: "dies-before", at: 1 }, (call) => call === "http.request"));
      await world.clock.until(() => world.result(id) !== undefined);
      options.secrets = {};
      return { world, options };
    }

    test("is not taken for one that nobody waits for: it is parked after some tries", async () => {
      const { world } = await committedOnly();
      const agent = world.start(createLife(), "b");
      await world.clock.until(world.idle);
      expect(world.callbacks.requests).toEqual([]);
      expect(world.queues.dead.messages).toMatchObject([
        {
          attributes: {
            "drover-code": "output-undeliverable",
            "drover-reason": expect.stringContaining("hook"),
          },
        },
      ]);
      await world.drain(agent);
    });

    test("is delivered when another that holds it is there in time", async () => {
      const { world, options } = await committedOnly();
      const lacking = world.start(createLife(), "b");
      await world.clock.until(() => world.queues.deliveries.messages.length > 0);
      lacking.worker.stop();
      options.secrets = { hook };
      const agent = world.start(createLife(), "c");
      await world.clock.until(world.idle);
      expect(world.callbacks.answers).toEqual([200]);
      expect(world.queues.dead.messages).toEqual([]);
      await world.drain(agent);
    });
  });
});
