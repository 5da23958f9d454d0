import { createHash } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { Objects, PutOptions, StoredObject } from "../../cloud/ports/objects.ts";

/** S3's semantics in memory: conditional writes with one winner, ETags, Last-Modified in whole seconds. */
export interface MemoryObjects extends Objects {
  readonly stored: ReadonlyMap<string, StoredObject>;
}

/** A body as it is kept. */
type Kept = Pick<StoredObject, "body" | "etag">;

const LARGE = 64 * 1024;
const MOST_REMEMBERED = 8;
/** Large texts come again and again, in one simulated world after another: each is hashed once. */
const remembered = new Map<string, Kept>();

function keep(content: Uint8Array | string): Kept {
  if (typeof content !== "string" || content.length < LARGE) return hash(content);
  const known = remembered.get(content);
  if (known !== undefined) return known;
  if (remembered.size === MOST_REMEMBERED) remembered.clear();
  const fresh = hash(content);
  remembered.set(content, fresh);
  return fresh;
}

function hash(content: Uint8Array | string): Kept {
  const body = Buffer.from(content);
  return { body, etag: `"${createHash("md5").update(body).digest("hex")}"` };
}

export function createMemoryObjects(clock: Pick<Clock, "now">, bucket = "memory"): MemoryObjects {
  const stored = new Map<string, StoredObject>();
  const wholeSeconds = () => Math.floor(clock.now() / 1000) * 1000;
  const put = async (key: string, content: Uint8Array | string, options: PutOptions = {}) => {
    const { body, etag } = keep(content);
    await Promise.resolve(); // the network: others may come in between
    const current = stored.get(key);
    const { condition } = options;
    if (condition === "absent" && current !== undefined) return { outcome: "exists" } as const;
    if (typeof condition === "object" && current?.etag !== condition.etag)
      return { outcome: "exists" } as const;
    stored.set(key, {
      body,
      etag,
      bytes: body.byteLength,
      metadata: options.metadata ?? {},
      contentType: options.contentType,
      lastModified: wholeSeconds(),
      storeNow: 0,
    });
    return { outcome: "stored", etag } as const;
  };
  const get = async (key: string) => {
    await Promise.resolve();
    const found = stored.get(key);
    return found === undefined ? undefined : { ...found, storeNow: wholeSeconds() };
  };
  return {
    bucket,
    stored,
    put,
    get,
    head: get,
    putStream: async (key, chunks, { contentType }) => {
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks) parts.push(chunk);
      await put(key, Buffer.concat(parts), contentType === undefined ? {} : { contentType });
    },
    getStream: async (key) => {
      const found = await get(key);
      if (found === undefined) return undefined;
      const { bytes, etag, body } = found;
      return {
        bytes,
        etag,
        body: (async function* chunks() {
          yield body;
        })(),
        discard: () => Promise.resolve(),
      };
    },
    list: async (prefix, { max = Infinity, startAfter = "" } = {}) =>
      [...stored.keys()]
        .filter((key) => key.startsWith(prefix) && key > startAfter)
        .toSorted()
        .slice(0, max),
    delete: async (key) => void stored.delete(key),
    presignGet: async (key, expiresS) => `memory://${bucket}/${key}?expires=${expiresS}`,
  };
}
