import crypto from "node:crypto";
import type { BinaryLike, BinaryToTextEncoding, Hash, Hmac } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

/** Longer texts are hashed each time. */
const LONGEST = 4_096;
const MOST_REMEMBERED = 50_000;

/**
 * The same few texts are signed and checked in one world after another, and making a hash costs Node far more than the
 * hashing: each digest of a short text is worked out once. What comes out is the same.
 */
export function rememberHashes(): void {
  const { createHash, createHmac } = crypto;
  const digests = new Map<string, string>();
  const remembering = (make: () => Hash | Hmac, name: string) => {
    const chunks: BinaryLike[] = [];
    const whole = () => {
      const hash = make();
      for (const it of chunks) hash.update(it);
      return hash;
    };
    const it = {
      update: (data: BinaryLike) => {
        chunks.push(data);
        return it;
      },
      digest: (encoding?: BinaryToTextEncoding) => {
        if (encoding === undefined || !chunks.every(isShort)) return whole().digest(encoding as "hex");
        const key = `${name} ${encoding} ${chunks.map(textOf).join("")}`;
        const known = digests.get(key);
        if (known !== undefined) return known;
        if (digests.size === MOST_REMEMBERED) digests.clear();
        const fresh = whole().digest(encoding);
        digests.set(key, fresh);
        return fresh;
      },
    };
    return it;
  };
  Object.assign(crypto, {
    createHash: (algorithm: string) => remembering(() => createHash(algorithm), algorithm),
    createHmac: (algorithm: string, key: Uint8Array) =>
      remembering(() => createHmac(algorithm, key), `${algorithm} ${textOf(key)}`),
  });
  syncBuiltinESMExports();
}

const isShort = (data: BinaryLike) => (typeof data === "string" ? data.length : data.byteLength) <= LONGEST;

/** With its kind and length in front, so that no two rows of texts look alike. */
function textOf(data: BinaryLike): string {
  const isText = typeof data === "string";
  const text = isText ? data : Buffer.from(data as Uint8Array).toString("latin1");
  return `${isText ? "s" : "b"}${text.length}:${text}`;
}
