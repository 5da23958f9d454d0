import { afterAll, beforeAll, expect, test } from "vitest";
import { paginateSelect, SimpleDBClient } from "../../cloud/aws/simpledb/index.ts";
import { ensureStore } from "../../cloud/aws/store.ts";
import { flakyProxy } from "../support/flaky-proxy.ts";
import { collect, type Fleet, startFleet } from "../support/fleet.ts";

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet();
  await fleet.addService(
    "hello",
    'command: ["/bin/echo", "hello"]\ninput: {types: []}\nresult: {kind: text}\n',
  );
}, 30_000);
afterAll(() => fleet.close());

/** What the store has of all instances, in the log's order. */
async function eventsInStore(): Promise<string[]> {
  const client = new SimpleDBClient({});
  const SelectExpression =
    "select request from drover_activity where itemName() > '' order by itemName() limit 2500";
  const events: string[] = [];
  for await (const { Items: items } of paginateSelect(
    { client },
    { SelectExpression, ConsistentRead: true },
  )) {
    events.push(...(items ?? []).map((it) => it.Attributes[0]?.Value ?? ""));
  }
  client.destroy();
  return events;
}

test("a store that hangs stops no job and no agent's leaving; the next agent ships the log, without doubles", async () => {
  await ensureStore({ store: "simpledb", bucket: "drover" });
  const proxy = await flakyProxy(fleet.env["AWS_ENDPOINT_URL"] ?? "");
  proxy.mode = "deaf";
  const env = { DROVER_STORE: "simpledb", AWS_ENDPOINT_URL_SIMPLEDB: proxy.origin };
  const args = ["--slots", "1"];

  const agent = await fleet.startAgent({ args, env });
  const body = '<request service="hello"><output type="queue"/></request>';
  await Promise.all([1, 2, 3].map(() => fleet.queues.requests.send(body)));
  await collect(fleet.queues.responses, (messages) => messages.length >= 3);
  expect(proxy.counts.deaf).toBeGreaterThan(0);
  const before = performance.now();
  expect(await agent.end("SIGTERM")).toBe(0);
  expect(performance.now() - before).toBeLessThan(3_000);
  expect(await eventsInStore()).toEqual([]);

  proxy.mode = "up";
  const next = await fleet.startAgent({ args, env });
  expect(await next.end("SIGTERM")).toBe(0);
  const events = await eventsInStore();
  expect(events.toSorted()).toEqual(["delivered", "received", "started"].flatMap((it) => [it, it, it]));
  expect(events.indexOf("received")).toBeLessThan(events.indexOf("delivered"));
}, 60_000);
