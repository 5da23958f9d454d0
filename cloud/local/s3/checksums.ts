import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { crc32c, crc64nvme, type Crc64 } from "./crc.ts";

/** The checksum algorithms of S3, as they stand after `x-amz-checksum-` in header names. */
export const algorithms = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"] as const;
export type Algorithm = (typeof algorithms)[number];

export interface Checksum {
  update(bytes: Uint8Array): void;
  /** In base64, as in the headers; integers with the highest byte first. */
  digest(): string;
}

const starters: Record<Algorithm, () => Checksum> = {
  crc32: () => startCrc((bytes, before) => crc32(bytes, before)),
  crc32c: () => startCrc(crc32c),
  crc64nvme: startCrc64,
  sha1: () => startHash("sha1"),
  sha256: () => startHash("sha256"),
};

export const startChecksum = (algorithm: Algorithm): Checksum => starters[algorithm]();

function startHash(algorithm: "sha1" | "sha256"): Checksum {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("base64") };
}

function startCrc(step: (bytes: Uint8Array, before: number) => number): Checksum {
  let value = 0;
  return {
    update: (bytes) => {
      value = step(bytes, value);
    },
    digest: () => {
      const out = Buffer.alloc(4);
      out.writeUInt32BE(value >>> 0);
      return out.toString("base64");
    },
  };
}

function startCrc64(): Checksum {
  let value: Crc64 = { high: 0, low: 0 };
  return {
    update: (bytes) => {
      value = crc64nvme(bytes, value);
    },
    digest: () => {
      const out = Buffer.alloc(8);
      out.writeUInt32BE(value.high, 0);
      out.writeUInt32BE(value.low, 4);
      return out.toString("base64");
    },
  };
}
