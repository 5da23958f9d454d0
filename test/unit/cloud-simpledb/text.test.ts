import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_VALUE_BYTES, pairsOf, textOf, valuesOf } from "../../../cloud/aws/simpledb-text.ts";

const long = fc
  .tuple(fc.string({ unit: "binary", minLength: 1, maxLength: 10 }), fc.integer({ min: 0, max: 1000 }))
  .map(([text, times]) => text.repeat(times));

describe("a text of any length", () => {
  test("becomes pairs that SimpleDB takes, and comes back", () => {
    let split = 0;
    fc.assert(
      fc.property(long, (text) => {
        const pairs = pairsOf("reason", text);
        for (const { Value } of pairs) expect(Buffer.byteLength(Value)).toBeLessThanOrEqual(MAX_VALUE_BYTES);
        expect(new Set(pairs.map((it) => it.Name)).size).toBe(pairs.length);
        expect(textOf(valuesOf(pairs), "reason")).toBe(text.toWellFormed());
        if (pairs.length > 1) split++;
      }),
      { numRuns: 200 },
    );
    expect(split).toBeGreaterThan(10);
  });

  test("is one pair up to 1,024 bytes, and never cut within a character", () => {
    expect(pairsOf("n", "x".repeat(1024))).toHaveLength(1);
    expect(pairsOf("n", `${"x".repeat(1023)}é`)).toEqual([
      { Name: "n", Value: "x".repeat(1023) },
      { Name: "n.2", Value: "é" },
    ]);
    expect(pairsOf("n", "")).toEqual([{ Name: "n", Value: "" }]);
    expect(pairsOf("n", "\uD800")).toEqual([{ Name: "n", Value: "\uFFFD" }]);
  });

  test("is read decoded where XML could not carry it, and not at all when it is not there", () => {
    const values = valuesOf([
      { Name: "YQ==", AlternateNameEncoding: "base64", Value: "AQ==", AlternateValueEncoding: "base64" },
      { Name: "a.2", Value: "x" },
    ]);
    expect(textOf(values, "a")).toBe("\u0001x");
    expect(textOf(values, "b")).toBeUndefined();
  });
});
