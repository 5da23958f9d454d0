import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { presentable } from "../../../cloud/local/s3/metadata-text.ts";
import { urlEncodeKey } from "../../../cloud/local/s3/url-encode.ts";

describe("user metadata", () => {
  test.each([
    ["plain", "plain"],
    ["with spaces ", "with spaces "],
    // The example of the S3 user guide: UTF-8 that is taken for Latin-1.
    [Buffer.from("ÄMÄZÕÑ S3").toString("latin1"), "=?UTF-8?B?w4PChE3Dg8KEWsODwpXDg8KRIFMz?="],
    ["é", "=?UTF-8?B?w6k=?="],
    ["=?UTF-8?B?QU1BWk9OUzM=?=", "AMAZONS3"],
    ["=?utf-8?q?a=5Fb_c?=", "a_b c"],
    ["=?ISO-8859-1?Q?=E9?=", "=?UTF-8?B?w6k=?="],
    ["=?x-unknown?B?QQ==?=", "=?x-unknown?B?QQ==?="],
  ])("%j is given back as %j", (given, back) => {
    expect(presentable(given)).toBe(back);
  });

  test("what is given back can be stored again and is the same", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const once = presentable(text);
        expect(presentable(once)).toBe(once);
      }),
    );
  });
});

describe("keys in listings and events", () => {
  test.each([
    ["a/b c.txt", "a/b+c.txt"],
    ["a+b", "a%2Bb"],
    ["test_file(3).png", "test_file%283%29.png"], // the example of ListObjects
    ["é\n", "%C3%A9%0A"],
    ["*~'!", "*%7E%27%21"],
  ])("%j is encoded as %s", (key, encoded) => {
    expect(urlEncodeKey(key)).toBe(encoded);
  });

  test("can be read back as a form is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (key) => {
        expect(decodeURIComponent(urlEncodeKey(key).replaceAll("+", " "))).toBe(key);
      }),
    );
  });
});
