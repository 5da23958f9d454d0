import { createHash, hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { combineCrcs, type Field } from "./crc-combine.ts";
import { advance, crc32c, crc64nvme, type Crc, type CrcValue } from "./crc.ts";

/** The checksum algorithms of S3, as they stand after `x-amz-checksum-` in header names. */
export const algorithms = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"] as const;
export type Algorithm = (typeof algorithms)[number];

/** What S3 computes for an object when its client named no algorithm. */
export const DEFAULT_ALGORITHM: Algorithm = "crc64nvme";

/** FULL_OBJECT: of all bytes. COMPOSITE: of the parts' checksums, with the number of parts behind. */
export type ChecksumType = "FULL_OBJECT" | "COMPOSITE";

export interface Checksum {
  update(bytes: Uint8Array): void;
  /** In base64, as in the headers; integers with the highest byte first. */
  digest(): string;
}

const starters: Record<Algorithm, () => Checksum> = {
  crc32: startCrc32,
  crc32c: () => startCrc(crc32c),
  crc64nvme: () => startCrc(crc64nvme),
  sha1: () => startHash("sha1"),
  sha256: () => startHash("sha256"),
};

export const startChecksum = (algorithm: Algorithm): Checksum => starters[algorithm]();

export const isAlgorithm = (name: string): name is Algorithm =>
  (algorithms as readonly string[]).includes(name);

function startHash(algorithm: "sha1" | "sha256"): Checksum {
  const running = createHash(algorithm);
  return { update: (bytes) => void running.update(bytes), digest: () => running.digest("base64") };
}

function startCrc32(): Checksum {
  let value = 0;
  return {
    update: (bytes) => {
      value = crc32(bytes, value);
    },
    digest: () => base64({ high: 0, low: value }, 32),
  };
}

function startCrc(crc: Crc): Checksum {
  let value: CrcValue = { high: 0, low: 0 };
  return {
    update: (bytes) => {
      value = advance(crc, bytes, value);
    },
    digest: () => base64(value, crc.bits),
  };
}

function base64({ high, low }: CrcValue, bits: 32 | 64): string {
  const out = Buffer.alloc(8);
  out.writeUInt32BE(high, 0);
  out.writeUInt32BE(low >>> 0, 4);
  return out.subarray(8 - bits / 8).toString("base64");
}

export interface PartChecksum {
  checksum: string;
  bytes: number;
}

/** The checksum of checksums: `BASE64-N` (Amazon S3 user guide, "Checking object integrity"). */
export function compositeChecksum(algorithm: Algorithm, parts: readonly PartChecksum[]): string {
  const whole = startChecksum(algorithm);
  for (const { checksum } of parts) whole.update(Buffer.from(checksum, "base64"));
  return `${whole.digest()}-${parts.length}`;
}

const fields: Partial<Record<Algorithm, Field>> = {
  crc32: { bits: 32n, polynomial: 0xedb88320n }, // RFC 1952, section 8
  crc32c: fieldOf(crc32c),
  crc64nvme: fieldOf(crc64nvme),
};

function fieldOf({ bits, polynomial: { high, low } }: Crc): Field {
  return { bits: BigInt(bits), polynomial: (BigInt(high) << 32n) | BigInt(low) };
}

/** The checksum of the whole, from its parts'. Undefined for algorithms that cannot do that (SHA). */
export function fullChecksum(algorithm: Algorithm, parts: readonly PartChecksum[]): string | undefined {
  const field = fields[algorithm];
  if (field === undefined) return undefined;
  const pieces = parts.map(({ checksum, bytes }) => ({
    value: BigInt(`0x${Buffer.from(checksum, "base64").toString("hex")}`),
    bytes,
  }));
  const hex = combineCrcs(field, pieces)
    .toString(16)
    .padStart(Number(field.bits / 4n), "0");
  return Buffer.from(hex, "hex").toString("base64");
}

/** The ETag of an object made of parts: MD5 of their MD5s, and their number. */
export function partsEtag(etags: readonly string[]): string {
  return `${hash("md5", Buffer.from(etags.join(""), "hex"), "hex")}-${etags.length}`;
}
