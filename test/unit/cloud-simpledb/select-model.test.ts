import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Comparison, Expression } from "../../../cloud/local/simpledb/select/expression.ts";
import { inProcess } from "./in-process.ts";
import { type Items, selects, sorted } from "./select-by-hand.ts";

/** Few names and values, so that they meet; some that need quotes, and some whose UTF-16 order is not their bytes'. */
const NAMES = ["a", "b", "select", "x y", "q`q"];
const VALUES = ["", "1", "10", "2", "it's", 'say "hi"', "é", "\uFF5E", "\u{1F600}", "100%", "a\\b", "A"];

const items: fc.Arbitrary<Items> = fc.dictionary(
  fc.constantFrom("i1", "i2", "i3", "\uFF5E", "\u{1F600}", "%"),
  fc.dictionary(
    fc.constantFrom(...NAMES),
    fc.uniqueArray(fc.constantFrom(...VALUES), { minLength: 1, maxLength: 3 }),
    { minKeys: 1, maxKeys: 3 },
  ),
  { minKeys: 1 },
);

const value = fc.constantFrom(...VALUES);
const tests: fc.Arbitrary<Comparison["test"]> = fc.oneof(
  fc.record({ op: fc.constantFrom("=", "!=", "<", "<=", ">", ">="), value }),
  fc.record({
    op: fc.constantFrom("like", "not like"),
    value: fc.constantFrom("%", "1%", "%0%", "100\\%", "a\\\\b", "é", "_"),
  }),
  fc.record({ op: fc.constant("between"), low: value, high: value }),
  fc.record({ op: fc.constant("in"), values: fc.array(value, { minLength: 1, maxLength: 3 }) }),
  fc.record({ op: fc.constantFrom("is null", "is not null") }),
);

const comparison: fc.Arbitrary<Comparison> = fc.record({
  kind: fc.constant("comparison"),
  subject: fc.oneof(
    { weight: 1, arbitrary: fc.constant({ kind: "item" as const }) },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant("attribute" as const),
        name: fc.constantFrom(...NAMES),
        every: fc.boolean(),
      }),
    },
  ),
  test: tests,
});

const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    comparison,
    fc.record({
      kind: fc.constantFrom("and", "or", "intersection"),
      parts: fc.array(tie("expression"), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant("not"), part: tie("expression") }),
  ),
}));

const quote = (text: string) =>
  text.includes("'") ? `"${text.replaceAll('"', '""')}"` : `'${text.replaceAll("'", "''")}'`;
const nameOf = (name: string) => (/^[ab]$/.test(name) ? name : `\`${name.replaceAll("`", "``")}\``);

function written(it: Expression): string {
  if (it.kind === "not") return `not (${written(it.part)})`;
  if (it.kind !== "comparison") return it.parts.map((part) => `(${written(part)})`).join(` ${it.kind} `);
  const { subject, test: tested } = it;
  const left =
    subject.kind === "item"
      ? "itemName()"
      : subject.every
        ? `every(${nameOf(subject.name)})`
        : nameOf(subject.name);
  if (tested.op === "between") return `${left} between ${quote(tested.low)} and ${quote(tested.high)}`;
  if (tested.op === "in") return `${left} in (${tested.values.map((one) => quote(one)).join(", ")})`;
  return "value" in tested ? `${left} ${tested.op} ${quote(tested.value)}` : `${left} ${tested.op}`;
}

const orders = fc.option(
  fc.record({
    attribute: fc.option(fc.constantFrom(...NAMES), { nil: undefined }),
    descending: fc.boolean(),
  }),
  { nil: undefined },
);

describe("a select finds what a reading of the manual by hand finds", () => {
  test("for any items, any expression, any order, in pages of any size", { timeout: 300_000 }, () => {
    let found = 0;
    const { put, select, call } = inProcess({ comparisons: 1000 });
    fc.assert(
      fc.property(items, expression, orders, fc.integer({ min: 1, max: 4 }), (all, where, by, limit) => {
        for (const ItemName of select("select * from ddd").names) {
          call("DeleteAttributes", { DomainName: "ddd", ItemName });
        }
        for (const [item, attributes] of Object.entries(all)) {
          put(
            item,
            Object.entries(attributes).flatMap(([name, values]) =>
              values.map((text) => [name, text] as const),
            ),
          );
        }
        const left = by?.attribute === undefined ? "itemName()" : nameOf(by.attribute);
        // What is sorted by must be constrained, which this does without excluding more than sorting does.
        const constrained =
          by === undefined ? written(where) : `(${written(where)}) intersection ${left} is not null`;
        const direction = by === undefined ? "" : ` order by ${left} ${by.descending ? "desc" : "asc"}`;
        const names: string[] = [];
        let token: string | undefined;
        do {
          const page = select(`select * from ddd where ${constrained}${direction} limit ${limit}`, token);
          expect(page.names.length).toBeLessThanOrEqual(limit);
          names.push(...page.names);
          token = page.token;
        } while (token !== undefined);
        const expected = Object.keys(all).filter((item) => selects(where, item, all[item] ?? {}));
        expect(names).toEqual(sorted(expected, by, all));
        found += names.length;
      }),
      { numRuns: 500 },
    );
    expect(found).toBeGreaterThan(100); // the comparison is not one of empty lists
  });
});
