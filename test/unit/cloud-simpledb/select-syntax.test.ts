import { describe, expect, test } from "vitest";
import { AwsError } from "../../../cloud/local/aws-error.ts";
import type { Expression } from "../../../cloud/local/simpledb/select/expression.ts";
import { like } from "../../../cloud/local/simpledb/select/like.ts";
import { parseSelect } from "../../../cloud/local/simpledb/select/parse.ts";
import { inProcess } from "./in-process.ts";

/** The operators of a predicate as nested lists, its comparisons as their attributes' names. */
function shapeOf(it: Expression): unknown {
  if (it.kind === "comparison") return it.subject.kind === "item" ? "itemName()" : it.subject.name;
  return [it.kind, ...(it.kind === "not" ? [it.part] : it.parts).map((part) => shapeOf(part))];
}

function shape(where: string): unknown {
  const parsed = parseSelect(`select * from ddd where ${where}`).where;
  return parsed === undefined ? undefined : shapeOf(parsed);
}

describe("an expression", () => {
  test.each([
    ["SELECT * FROM mydomain", { output: "all", domain: "mydomain" }],
    ["select itemname() from `my-domain`", { output: "item", domain: "my-domain" }],
    ["select count(*) from mydomain", { output: "count" }],
    ["select a, `b``c`, $d, itemName from mydomain", { output: ["a", "b`c", "$d", "itemName"] }],
    ["select*from mydomain where a='1'limit 7", { output: "all", limit: 7 }],
    [" select * from mydomain where a = 'x' order by a ", { order: { attribute: "a", descending: false } }],
    [
      "select * from mydomain where a > '' order by a desc limit 1",
      { order: { attribute: "a", descending: true } },
    ],
    [
      "select * from mydomain where itemName() > '' order by itemName() asc",
      { order: { descending: false } },
    ],
  ])("%s is read", (expression, expected) => {
    expect(parseSelect(expression)).toMatchObject(expected);
  });

  test.each([
    [`a = 'it''s'`, "it's"],
    [`a = "it's"`, "it's"],
    [`a = "say ""hi"""`, 'say "hi"'],
    [`a = ''`, ""],
    ["a = '\n\u{1F600}`'", "\n\u{1F600}`"],
  ])("%s has the constant in quotes", (where, value) => {
    expect(parseSelect(`select * from ddd where ${where}`).where).toMatchObject({ test: { op: "=", value } });
  });

  test("binds not before and before or before intersection", () => {
    const [a, b, c, d] = ["a = '1'", "b = '2'", "c = '3'", "d = '4'"];
    expect(shape(`${a} or ${b} and not ${c} intersection ${d}`)).toEqual([
      "intersection",
      ["or", "a", ["and", "b", ["not", "c"]]],
      "d",
    ]);
    expect(shape(`(${a} or ${b}) and ${c}`)).toEqual(["and", ["or", "a", "b"], "c"]);
    expect(shape("a between '1' and '2' and b = '2'")).toEqual(["and", "a", "b"]);
  });

  test.each([
    "",
    "select",
    "select * mydomain",
    "select * from",
    "select * from my-domain",
    "select * from 'mydomain'",
    "select * from select",
    "select * from ddd where",
    "select * from ddd where a",
    "select * from ddd where a = 5",
    "select * from ddd where a = b",
    "select * from ddd where a == 'b'",
    "select * from ddd where a = 'b",
    "select * from ddd where a = 'b''",
    "select * from ddd where `a = 'b'",
    "select * from ddd where (a = 'b'",
    "select * from ddd where a = 'b')",
    "select * from ddd where a in ()",
    "select * from ddd where a in ('b',)",
    "select * from ddd where a in 'b'",
    "select * from ddd where a between 'b' or 'c'",
    "select * from ddd where a is 'b'",
    "select * from ddd where a not null",
    "select * from ddd where not",
    "select * from ddd where a = 'b' and",
    "select * from ddd where every(a = 'b')",
    "select * from ddd where a = 'b' order a",
    "select * from ddd where a = 'b' order by",
    "select * from ddd limit",
    "select * from ddd limit 'x'",
    "select * from ddd limit -1",
    "select * from ddd limit 1 where a = 'b'",
    "select count(a) from ddd",
    "select * from ddd; drop table simpledb_pairs",
    "select *, a from ddd",
    "delete from ddd",
  ])("%j is refused", (expression) => {
    expect(() => parseSelect(expression)).toThrow(AwsError);
    try {
      parseSelect(expression);
    } catch (error) {
      expect(error).toMatchObject({ code: "InvalidQueryExpression" });
    }
  });

  test.each([
    ["select * from ddd limit 0", "InvalidParameterValue"],
    ["select * from ddd limit 2501", "InvalidParameterValue"],
    [`select * from ddd where a = '${"x".repeat(1025)}'`, "InvalidParameterValue"],
    ["select * from nope", "NoSuchDomain"],
    ["select * from ddd order by a", "InvalidSortExpression"],
    ["select * from ddd where a is null order by a", "InvalidSortExpression"],
    ["select * from ddd where a > '' order by itemName()", "InvalidSortExpression"],
    [
      `select * from ddd where ${Array.from({ length: 21 }, (_, i) => `a${i} = ''`).join(" or ")}`,
      "InvalidNumberPredicates",
    ],
    [
      `select * from ddd where a in (${Array.from({ length: 21 }, (_, i) => `'${i}'`).join(",")})`,
      "InvalidNumberValueTests",
    ],
    [
      `select ${Array.from({ length: 257 }, (_, i) => `a${i}`).join(",")} from ddd`,
      "TooManyRequestedAttributes",
    ],
  ])("%.60s… is refused with %s", (expression, code) => {
    const { select } = inProcess();
    expect(() => select(expression)).toThrow(expect.objectContaining({ code }));
  });

  test("may have twenty comparisons", () => {
    const { select } = inProcess();
    const values = Array.from({ length: 20 }, (_, i) => `'${i}'`).join(",");
    expect(select(`select * from ddd where a in (${values})`).names).toEqual([]);
  });
});

describe("like", () => {
  test.each([
    ["abc", "abc", true],
    ["abc", "ab", false],
    ["abc", "a%", true],
    ["abc", "%c", true],
    ["abc", "%b%", true],
    ["abc", "a%c", true],
    ["abc", "%%", true],
    ["", "%", true],
    ["ABC", "abc", false],
    ["axc", "a_c", false],
    ["a.c", "a.c", true],
    ["axc", "a.c", false],
    ["a\nb", "a%b", true],
    ["100%", "100\\%", true],
    ["1000", "100\\%", false],
    ["a\\b", "a\\\\b", true],
    ["a\\", "a\\", true],
    ["(x)[y]{z}^$|?*+", "(x)[y]{z}^$|?*+", true],
    ["\u{1F600}x", "\u{1F600}%", true],
  ])("%j like %j is %s", (value, pattern, expected) => {
    expect(like(value, pattern)).toBe(expected);
  });
});
