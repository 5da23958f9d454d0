import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  compositeChecksum,
  fullChecksum,
  partsEtag,
  startChecksum,
  type Algorithm,
} from "../../../cloud/local/s3/checksums.ts";

function digest(algorithm: Algorithm, bytes: Uint8Array): string {
  const checksum = startChecksum(algorithm);
  checksum.update(bytes);
  return checksum.digest();
}

describe.each(["crc32", "crc32c", "crc64nvme"] as const)("%s", (algorithm) => {
  test("of parts joined is that of all bytes, for parts of any length, none included", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 600 }), { minLength: 1, maxLength: 6 }), (parts) => {
        const known = parts.map((part) => ({ checksum: digest(algorithm, part), bytes: part.length }));
        expect(fullChecksum(algorithm, known)).toBe(digest(algorithm, Buffer.concat(parts)));
      }),
    );
  });

  test("of large parts too", () => {
    const parts = [Buffer.alloc(5_242_880, "a"), Buffer.alloc(5_242_880, "b"), Buffer.from("end")];
    const known = parts.map((part) => ({ checksum: digest(algorithm, part), bytes: part.length }));
    expect(fullChecksum(algorithm, known)).toBe(digest(algorithm, Buffer.concat(parts)));
  });
});

test("hashes cannot be joined, only taken of each other", () => {
  const parts = [{ checksum: digest("sha256", Buffer.from("a")), bytes: 1 }];
  expect(fullChecksum("sha256", parts)).toBeUndefined();
  const bytes = Buffer.from(parts[0]?.checksum ?? "", "base64");
  expect(compositeChecksum("sha256", parts)).toBe(`${digest("sha256", bytes)}-1`);
});

test("ten thousand parts are joined as two halves of five thousand are", () => {
  const part = { checksum: digest("crc64nvme", Buffer.from("a")), bytes: 5_242_880 };
  const join = (count: number) =>
    fullChecksum(
      "crc64nvme",
      Array.from({ length: count }, () => part),
    );
  const half = { checksum: join(5_000) ?? "", bytes: 5_000 * part.bytes };
  expect(join(10_000)).toBe(fullChecksum("crc64nvme", [half, half]));
});

test("the ETag of parts is the MD5 of their MD5s", () => {
  // From the documentation of many tools: three equal parts of no bytes.
  const empty = "d41d8cd98f00b204e9800998ecf8427e";
  expect(partsEtag([empty])).toBe("59adb24ef3cdbe0297f05b395827453f-1");
});
