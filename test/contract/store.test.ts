import { describe, expect, onTestFinished, test, vi } from "vitest";
import { closeS3Clients, createS3Clients, openBucket } from "../../cloud/aws/s3.ts";
import { createS3Store } from "../../cloud/aws/s3-store.ts";
import { SimpleDBClient } from "../../cloud/aws/simpledb/client.ts";
import { paginateSelect } from "../../cloud/aws/simpledb/paginate.ts";
import { createSimpleDbStore, ensureDomains } from "../../cloud/aws/simpledb-store.ts";
import { textOf, valuesOf } from "../../cloud/aws/simpledb-text.ts";
import type { Objects } from "../../cloud/ports/objects.ts";
import type { Store } from "../../cloud/ports/store.ts";
import { startCloud } from "../../cloud/local/server.ts";
import { createMemoryObjects } from "../support/memory-objects.ts";
import { createSimClock } from "../support/sim-clock.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** A store, and the whole log of an instance as an operator would read it. */
interface Kept {
  store: Store;
  log: (instanceId: string) => Promise<string>;
}

function overObjects(objects: Objects): Kept {
  const read = async (key: string) => Buffer.from((await objects.get(key))?.body ?? "").toString();
  return {
    store: createS3Store(objects),
    log: async (instanceId) => {
      const keys = await objects.list(`activity/${instanceId}/`);
      return (await Promise.all(keys.map(read))).join("");
    },
  };
}

const DOMAINS = { activityDomain: "drover_activity", statusDomain: "drover_status" };

function overSimpleDb(client: SimpleDBClient): Kept {
  return {
    store: createSimpleDbStore(client, DOMAINS),
    log: async (instanceId) => {
      const SelectExpression = `select * from drover_activity where itemName() like '${instanceId}/%' order by itemName() limit 2500`;
      let log = "";
      for await (const { Items: items } of paginateSelect({ client }, { SelectExpression })) {
        for (const it of items ?? []) log += `${textOf(valuesOf(it.Attributes), "line")}\n`;
      }
      return log;
    },
  };
}

async function embeddedCloud() {
  const cloud = await startCloud({ dir: await tempFolder(), provision: { buckets: ["drover"] } });
  onTestFinished(() => cloud.close());
  return cloud;
}

const STORES: { name: string; open: () => Promise<Kept> }[] = [
  {
    name: "S3 objects in memory",
    open: () => Promise.resolve(overObjects(createMemoryObjects(createSimClock()))),
  },
  {
    name: "S3 objects in the embedded cloud, through the SDK",
    open: async () => {
      const cloud = await embeddedCloud();
      vi.stubEnv("AWS_ENDPOINT_URL", cloud.endpoint);
      vi.stubEnv("AWS_ACCESS_KEY_ID", cloud.credentials.accessKeyId);
      vi.stubEnv("AWS_SECRET_ACCESS_KEY", cloud.credentials.secretAccessKey);
      vi.stubEnv("AWS_REGION", cloud.region);
      const clients = createS3Clients();
      onTestFinished(() => {
        closeS3Clients(clients);
        vi.unstubAllEnvs();
      });
      return overObjects(openBucket(clients, "drover"));
    },
  },
  {
    name: "SimpleDB in the embedded cloud, through its client",
    open: async () => {
      const { endpoint, region, credentials } = await embeddedCloud();
      const client = new SimpleDBClient({ endpoint, region, credentials });
      onTestFinished(() => client.destroy());
      await ensureDomains(client, DOMAINS);
      return overSimpleDb(client);
    },
  },
];

/** What every implementation of the store's port does. */
describe.each(STORES)("$name", ({ open }) => {
  test("keeps one row for each instance, the last one, until it is deleted", async () => {
    const { store } = await open();
    expect(await store.listStatus()).toEqual([]);
    await store.putStatus({ instanceId: "i-1", heartbeatAt: 1, state: "working", slots: 2, idle: true });
    await store.putStatus({ instanceId: "i-2", heartbeatAt: 2 });
    await store.putStatus({ instanceId: "i-1", heartbeatAt: 3, state: "draining", mean: undefined });
    const rows = (await store.listStatus()).toSorted((a, b) => a.instanceId.localeCompare(b.instanceId));
    expect(rows).toEqual([
      { instanceId: "i-1", heartbeatAt: 3, state: "draining" },
      { instanceId: "i-2", heartbeatAt: 2 },
    ]);
    await store.deleteStatus("i-1");
    await store.deleteStatus("i-1");
    expect(await store.listStatus()).toEqual([{ instanceId: "i-2", heartbeatAt: 2 }]);
  });

  test("keeps the log of each instance in its order", async () => {
    const { store, log } = await open();
    const lines = Array.from({ length: 12 }, (_, i) => `line ${i} ä "quoted" <x> \u2028\n`);
    let offset = 0;
    for (const line of lines) {
      await store.appendActivity("i-1", offset, line);
      offset += Buffer.byteLength(line) * 10 ** (offset === 0 ? 0 : 1); // offsets of very different lengths
    }
    await store.appendActivity("i-11", 0, "another's\n");
    expect(await log("i-1")).toBe(lines.join(""));
    expect(await log("i-11")).toBe("another's\n");
  });

  test("a chunk that is written again, or written longer, leaves no double", async () => {
    const { store, log } = await open();
    await store.appendActivity("i-1", 0, "a\n");
    await store.appendActivity("i-1", 0, "a\n");
    expect(await log("i-1")).toBe("a\n");
    await store.appendActivity("i-1", 2, "b\n");
    await store.appendActivity("i-1", 2, "b\nc\n");
    expect(await log("i-1")).toBe("a\nb\nc\n");
  });

  test("changes a record for one of those who have seen it, and for nobody else", async () => {
    const { store } = await open();
    expect(await store.readRecord("scaler")).toBeUndefined();
    const writers = Array.from({ length: 4 }, (_, i) => store.swapRecord("scaler", `first ${i}`, undefined));
    const won = (await Promise.all(writers)).filter((it) => it !== undefined);
    expect(won).toHaveLength(1);
    const seen = await store.readRecord("scaler");
    expect(seen?.version).toBe(won[0]);
    expect(seen?.text).toMatch(/^first \d$/);
    expect(await store.swapRecord("scaler", "as if it were new", undefined)).toBeUndefined();

    const second = await store.swapRecord("scaler", "second", seen?.version);
    expect(second).toBeDefined();
    expect(await store.swapRecord("scaler", "late", seen?.version)).toBeUndefined();
    expect(await store.readRecord("scaler")).toEqual({ version: second, text: "second" });
  });

  test("keeps records of any length apart from each other and from the rows", async () => {
    const { store } = await open();
    const long = JSON.stringify({ ids: Array.from({ length: 900 }, (_, i) => `i-${i} ä`) });
    const version = await store.swapRecord("scaler", long, undefined);
    await store.swapRecord("other", "another's", undefined);
    await store.putStatus({ instanceId: "scaler", heartbeatAt: 1 });
    expect((await store.readRecord("scaler"))?.text).toBe(long);
    await store.swapRecord("scaler", "short", version);
    expect((await store.readRecord("scaler"))?.text).toBe("short");
    expect((await store.readRecord("other"))?.text).toBe("another's");
    expect(await store.listStatus()).toEqual([{ instanceId: "scaler", heartbeatAt: 1 }]);
  });
});
