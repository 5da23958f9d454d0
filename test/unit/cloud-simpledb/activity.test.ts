import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { activityItems } from "../../../cloud/aws/simpledb-activity.ts";
import { MAX_PAIRS, MAX_VALUE_BYTES, textOf, valuesOf } from "../../../cloud/aws/simpledb-text.ts";

const long = fc
  .tuple(fc.string({ unit: "binary", maxLength: 10 }), fc.integer({ min: 1, max: 1000 }))
  .map(([text, times]) => text.repeat(times));

const HEAD = 'i-1 m-1 analyze [22/Nov/2026:08:39:20 +0000] "failed" program-failed 17';
const line = (fields: object) => `${HEAD} ${JSON.stringify(fields)}\n`;

function attributes(text: string): Record<string, string> {
  const [item] = activityItems("i-1", 0, text);
  return Object.fromEntries((item?.Attributes ?? []).map(({ Name, Value }) => [Name, Value]));
}

describe("a line of the activity log", () => {
  test("has the fields of the Common Log Format, and those of its own", () => {
    const fields = {
      event: "failed",
      code: "program-failed",
      tries: 3,
      last: true,
      sizes: [1, 2],
      reason: "no lens",
    };
    expect(attributes(line(fields))).toEqual({
      host: "i-1",
      ident: "m-1",
      user: "analyze",
      time: "22/Nov/2026:08:39:20 +0000",
      at: "2026-11-22T08:39:20Z",
      request: "failed",
      status: "program-failed",
      bytes: "17",
      code: "program-failed",
      tries: "3",
      last: "true",
      sizes: "[1,2]",
      reason: "no lens",
    });
  });

  test("never has two meanings under one name", () => {
    const found = attributes(
      line({ event: "other", host: "example.com", status: "program-failed", "": "x" }),
    );
    expect(found).toMatchObject({
      host: "i-1",
      "field.host": "example.com",
      request: "failed",
      event: "other",
      ".": "x",
    });
    expect(found).not.toHaveProperty("field.status"); // the same, said twice
  });

  test.each(["half a li", `${HEAD} {"event":"fai`, '"', "{}"])(
    "of another form is kept as it is: %s",
    (text) => {
      expect(attributes(`${text}\n`)).toEqual({ line: text });
    },
  );

  test("longer than an item is cut, and says so", () => {
    const found = attributes(line({ event: "failed", reason: "x".repeat(300 * 1024) }));
    expect(Object.keys(found)).toHaveLength(MAX_PAIRS);
    expect(found["truncated"]).toMatch(/^\d+ values were left out$/);
    expect(attributes(line({ ["n".repeat(1025)]: "x" }))["truncated"]).toBe("1 values were left out");
  });

  test("is always one that SimpleDB takes, and loses nothing that fits", () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.oneof(fc.constantFrom("reason", "status", "reason.2"), fc.string({ maxLength: 20 })),
          long,
        ),
        (fields) => {
          const [item] = activityItems("i-1", 0, line({ event: "failed", ...fields }));
          const pairs = item?.Attributes ?? [];
          expect(pairs.length).toBeLessThanOrEqual(MAX_PAIRS);
          expect(new Set(pairs.map((it) => it.Name)).size).toBe(pairs.length);
          for (const { Name, Value } of pairs) {
            expect(Name).not.toBe("");
            expect(Buffer.byteLength(Value)).toBeLessThanOrEqual(MAX_VALUE_BYTES);
          }
          const values = valuesOf(pairs);
          const reason = fields["reason"];
          if (reason !== undefined) expect(textOf(values, "reason")).toBe(reason.toWellFormed());
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("a chunk of the log", () => {
  test("is one item for each line, named in the log's order", () => {
    const lines = ["a\n", "\n", "ä b\n", "c\n"];
    const names = activityItems("i-1", 999, lines.join("")).map((it) => it.Name.slice(0, -9));
    expect(names).toEqual(["i-1/000000000000999", "i-1/000000000001002", "i-1/000000000001007"]);
    expect(names).toEqual(names.toSorted());
  });

  test("makes the same items when it comes again, longer or in other pieces", () => {
    const [first, second] = [line({ event: "a" }), line({ event: "b" })];
    const whole = activityItems("i-1", 0, first + second);
    expect(activityItems("i-1", 0, first)).toEqual(whole.slice(0, 1));
    expect(activityItems("i-1", Buffer.byteLength(first), second)).toEqual(whole.slice(1));
  });

  test("of other lines at the same place takes nothing from those that are there", () => {
    const [mine] = activityItems("i-1", 0, "one line\n");
    const [other] = activityItems("i-1", 0, "another line\n");
    expect(mine?.Name).not.toBe(other?.Name);
  });
});
