import type { Objects } from "../ports/objects.ts";
import type { StatusRow, Store } from "../ports/store.ts";

/** Activity log and instance status as S3 objects, for accounts and regions without SimpleDB. */
export function createS3Store(objects: Objects): Store {
  return {
    appendActivity: async (instanceId, offset, lines) => {
      // Fixed width, so that byte order is the log's order.
      const key = `activity/${instanceId}/${String(offset).padStart(15, "0")}.log`;
      await objects.put(key, lines, { contentType: "text/plain; charset=utf-8" });
    },
    putStatus: async (row) => {
      await objects.put(`${STATUS}${row.instanceId}`, JSON.stringify(row), {
        contentType: "application/json",
      });
    },
    listStatus: async () => {
      const keys = await objects.list(STATUS);
      const rows = await Promise.all(keys.map((key) => objects.get(key)));
      return rows.flatMap((it) =>
        it === undefined ? [] : [JSON.parse(new TextDecoder().decode(it.body)) as StatusRow],
      );
    },
    deleteStatus: (instanceId) => objects.delete(`${STATUS}${instanceId}`),
    readRecord: async (name) => {
      const found = await objects.get(`${CONTROL}${name}`);
      if (found === undefined) return undefined;
      return { version: found.etag, text: new TextDecoder().decode(found.body) };
    },
    swapRecord: async (name, text, seen) => {
      const condition = seen === undefined ? "absent" : { etag: seen };
      const options = { contentType: "application/json", condition } as const;
      const put = await objects.put(`${CONTROL}${name}`, text, options);
      return put.outcome === "stored" ? put.etag : undefined;
    },
  };
}

const STATUS = "status/";
const CONTROL = "control/";
