import type { Config } from "../../base/config/config.ts";
import type { Store } from "../ports/store.ts";
import { callHandler } from "./handlers.ts";
import { closeS3Clients, createS3Clients, openBucket } from "./s3.ts";
import { createS3Store } from "./s3-store.ts";
import { SimpleDBClient } from "./simpledb/client.ts";
import { createSimpleDbStore, ensureDomains } from "./simpledb-store.ts";

export interface OpenStore {
  store: Store;
  /** Ends what is under way at once. */
  close: () => void;
}

type StoreConfig = Pick<Config, "store" | "bucket">;

/** One fleet for each account and region: other than buckets, domains are found by nobody else. */
const DOMAINS = { activityDomain: "drover_activity", statusDomain: "drover_status" };

/**
 * The store that the settings name, over connections of its own. They try once: a row or a chunk that did not get
 * through comes again with the next period, and nothing is left to wait for when the store is closed.
 */
export function openStore({ store, bucket }: StoreConfig): OpenStore {
  if (store === "s3") {
    const clients = createS3Clients({ maxAttempts: 1 });
    return { store: createS3Store(openBucket(clients, bucket)), close: () => closeS3Clients(clients) };
  }
  const client = new SimpleDBClient({ requestHandler: callHandler, maxAttempts: 1 });
  const closed = new AbortController();
  return {
    store: createSimpleDbStore(client, { ...DOMAINS, signal: closed.signal }),
    close: () => {
      closed.abort();
      client.destroy();
    },
  };
}

/** Creates what the store lacks; the bucket is the fleet's and there already. */
export async function ensureStore({ store }: StoreConfig): Promise<void> {
  if (store === "s3") return;
  const client = new SimpleDBClient({ requestHandler: callHandler });
  try {
    await ensureDomains(client, DOMAINS);
  } finally {
    client.destroy();
  }
}
