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
  };
}

const STATUS = "status/";
