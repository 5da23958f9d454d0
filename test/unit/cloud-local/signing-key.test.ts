import { createHmac } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SigningKey } from "../../../cloud/local/signature/signing-key.ts";

test("signs as HMAC-SHA256 does, with any key and any text", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.string({ unit: "grapheme" }), (key, text) => {
      expect(new SigningKey(key).sign(text)).toBe(createHmac("sha256", key).update(text).digest("hex"));
    }),
  );
});

test("a key longer than a block, which would have to be hashed first, is refused", () => {
  expect(() => new SigningKey(new Uint8Array(65))).toThrow(RangeError);
});
