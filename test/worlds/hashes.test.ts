import crypto, { createHash, createHmac } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { rememberHashes } from "./hashes.ts";

const [realHash, realHmac] = [createHash, createHmac];

test("a remembered hash is the one that Node makes, however the text is cut, the first time and every later time", () => {
  rememberHashes();
  expect(crypto.createHash).not.toBe(realHash);
  const chunk = fc.oneof(fc.string(), fc.uint8Array(), fc.constant("x".repeat(5_000)));
  fc.assert(
    fc.property(fc.uint8Array(), fc.array(chunk, { minLength: 1, maxLength: 3 }), (key, chunks) => {
      for (let time = 0; time < 2; time++) {
        const [hash, real] = [crypto.createHash("sha256"), realHash("sha256")];
        const [mac, realMac] = [crypto.createHmac("sha256", key), realHmac("sha256", key)];
        for (const it of chunks) for (const each of [hash, real, mac, realMac]) each.update(it);
        expect(hash.digest("hex")).toBe(real.digest("hex"));
        expect(mac.digest("base64")).toBe(realMac.digest("base64"));
      }
    }),
  );
});
