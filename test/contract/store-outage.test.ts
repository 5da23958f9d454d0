import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { Activity } from "../../agent/status/activity.ts";
import { createLog } from "../../base/log.ts";
import { systemClock } from "../../base/system/clock.ts";
import { systemFiles } from "../../base/system/files.ts";
import { closeS3Clients, createS3Clients, openBucket } from "../../cloud/aws/s3.ts";
import { paginateSelect, SimpleDBClient } from "../../cloud/aws/simpledb/index.ts";
import { ensureStore, openStore } from "../../cloud/aws/store.ts";
import { startCloud } from "../../cloud/local/server.ts";
import { createSqsClients, closeSqsClients, openQueue } from "../../cloud/aws/sqs.ts";
import { showPicture, takePicture } from "../../operator/status/status.ts";
import { flakyProxy } from "../support/flaky-proxy.ts";
import { tempFolder } from "../support/temp-folder.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A store of the kind behind a proxy, and the way round the proxy. */
async function world(kind: "s3" | "simpledb") {
  const cloud = await startCloud({
    dir: await tempFolder(),
    provision: { buckets: ["drover"], queues: [{ name: "drover-requests" }] },
  });
  onTestFinished(() => cloud.close());
  vi.stubEnv("AWS_ACCESS_KEY_ID", cloud.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", cloud.credentials.secretAccessKey);
  vi.stubEnv("AWS_REGION", cloud.region);
  vi.stubEnv("AWS_ENDPOINT_URL", cloud.endpoint);
  const config = { store: kind, bucket: "drover" } as const;
  await ensureStore(config);
  const proxy = await flakyProxy(cloud.endpoint);
  vi.stubEnv("AWS_ENDPOINT_URL", proxy.origin);
  const opened = openStore(config);
  onTestFinished(() => opened.close());
  return { proxy, opened, events: () => readEvents(kind, cloud) };
}

/** The events of instance i-1 as the store has them, in the log's order. */
async function readEvents(kind: "s3" | "simpledb", cloud: Awaited<ReturnType<typeof startCloud>>) {
  const { endpoint, region, credentials } = cloud;
  const events: string[] = [];
  if (kind === "simpledb") {
    const client = new SimpleDBClient({ endpoint, region, credentials });
    const SelectExpression =
      "select request from drover_activity where itemName() like 'i-1/%' order by itemName() limit 2500";
    for await (const { Items: items } of paginateSelect({ client }, { SelectExpression })) {
      events.push(...(items ?? []).map((it) => it.Attributes[0]?.Value ?? ""));
    }
    client.destroy();
    return events;
  }
  vi.stubEnv("AWS_ENDPOINT_URL", endpoint);
  const clients = createS3Clients();
  const objects = openBucket(clients, "drover");
  for (const key of await objects.list("activity/i-1/")) {
    const text = Buffer.from((await objects.get(key))?.body ?? "").toString();
    events.push(...[...text.matchAll(/^.*?\] "([^"]*)"/gm)].map((it) => it[1] ?? ""));
  }
  closeS3Clients(clients);
  return events;
}

describe.each(["s3", "simpledb"] as const)("with %s as store", (kind) => {
  test("the log arrives later, in order and without doubles, when the store was down or lost its answers", async () => {
    const { proxy, opened, events } = await world(kind);
    const warnings: string[] = [];
    const log = createLog(
      (line) => void warnings.push(line),
      () => 0,
    );
    const place = { instanceId: "i-1", folder: await tempFolder() };
    const activity = new Activity(
      { clock: systemClock, files: systemFiles, store: opened.store, log },
      place,
    );
    await activity.open();
    const expected: string[] = [];
    const modes = ["up", "down", "lossy", "down", "lossy", "up", "lossy", "up"] as const;
    for (const [round, mode] of modes.entries()) {
      proxy.mode = mode;
      for (let i = 0; i < 60; i++) {
        const event = `event-${round}-${i}`;
        expected.push(event);
        activity.record(event, { job: `m-${i}`, service: "analyze", reason: "ä \u0001 'quoted'" });
      }
      await activity.ship();
    }
    expect(await events()).toEqual(expected);
    for (const mode of ["down", "lossy"] as const) expect(proxy.counts[mode]).toBeGreaterThan(0);
    expect(warnings.filter((it) => it.includes("activity.not-shipped"))).toHaveLength(5);
  });

  test("closing it ends a request that hangs, and opens no other", async () => {
    const { proxy, opened } = await world(kind);
    proxy.mode = "deaf";
    const hanging = Promise.allSettled([
      opened.store.putStatus({ instanceId: "i-1", heartbeatAt: 1 }),
      opened.store.appendActivity("i-1", 0, "a line\n"),
      opened.store.listStatus(),
    ]);
    await expect.poll(() => proxy.connections()).toBe(3);
    await expect.poll(() => proxy.counts.deaf).toBeGreaterThanOrEqual(3);
    const before = performance.now();
    opened.close();
    const outcomes = await hanging;
    expect(outcomes.map((it) => it.status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(performance.now() - before).toBeLessThan(14_000); // a request gives up by itself after 15 s
    await expect.poll(() => proxy.connections()).toBe(0);
  });
});

test("the picture says how old it is; without the store it has the queues, and the reason", async () => {
  const { proxy, opened } = await world("simpledb");
  const sqs = createSqsClients();
  onTestFinished(() => closeSqsClients(sqs));
  const queue = await openQueue(sqs, "drover-requests");
  const now = systemClock.now();
  await opened.store.putStatus({
    instanceId: "i-1",
    heartbeatAt: now - 95_000,
    periodS: 10,
    state: "working",
  });
  const stale = showPicture(await takePicture([queue], opened.store, systemClock));
  const [, agoS] = /i-1 +silent +(\d+) s ago +working/.exec(stale) ?? [];
  expect(Number(agoS)).toBeGreaterThanOrEqual(95);
  expect(stale).toContain(`the oldest report is ${agoS} s old`);
  const direct = { ...queue, counts: () => Promise.resolve({ visible: 1, inFlight: 2, delayed: 3 }) };
  proxy.mode = "down";
  const blind = showPicture(await takePicture([direct], opened.store, systemClock));
  expect(blind).toContain("drover-requests  1        2          3");
  expect(blind).toContain("instances: unknown, the store could not be read");
});
