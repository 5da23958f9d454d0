import { expect, test } from "vitest";
import * as fc from "fast-check";
import { algorithms, startChecksum, type Algorithm } from "../../../cloud/local/s3/checksums.ts";

// The check values of the CRC catalogue for "123456789"; the hashes are openssl's.
const known: Record<Algorithm, string> = {
  crc32: Buffer.from("cbf43926", "hex").toString("base64"),
  crc32c: Buffer.from("e3069283", "hex").toString("base64"),
  crc64nvme: Buffer.from("ae8b14860a799888", "hex").toString("base64"),
  sha1: Buffer.from("f7c3bc1d808e04732adf679965ccc34ca7ae3441", "hex").toString("base64"),
  sha256: Buffer.from("15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225", "hex").toString(
    "base64",
  ),
};

function digest(algorithm: Algorithm, ...parts: Uint8Array[]): string {
  const checksum = startChecksum(algorithm);
  for (const part of parts) checksum.update(part);
  return checksum.digest();
}

test.each(algorithms)("%s has its known value", (algorithm) => {
  expect(digest(algorithm, Buffer.from("123456789"))).toBe(known[algorithm]);
});

test.each(algorithms)("%s does not depend on how the bytes arrive", (algorithm) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (bytes, where) => {
      const at = where % (bytes.length + 1);
      expect(digest(algorithm, bytes.subarray(0, at), bytes.subarray(at))).toBe(digest(algorithm, bytes));
    }),
  );
});
