import type { Comparison, Expression, Test } from "./expression.ts";

/** A piece of SQL and the values of its question marks, in their order. */
export interface Sql {
  text: string;
  values: (string | number)[];
}

/** Joins pieces; numbers and strings among the values go in as parameters, never as text. */
function sql(parts: readonly string[], ...values: (string | number | Sql)[]): Sql {
  let text = parts[0] ?? "";
  const all: (string | number)[] = [];
  for (const [index, value] of values.entries()) {
    const piece = typeof value === "object" ? value : { text: "?", values: [value] };
    text += piece.text + (parts[index + 1] ?? "");
    all.push(...piece.values);
  }
  return { text, values: all };
}

function joined(pieces: readonly Sql[], word: "AND" | "OR"): Sql {
  return {
    text: `(${pieces.map((it) => it.text).join(` ${word} `)})`,
    values: pieces.flatMap((it) => it.values),
  };
}

/**
 * The condition on `i.item` of table `simpledb_items i`.
 *
 * An attribute has many values, and each is held against the predicate on its own: comparisons of one attribute
 * joined by `and` or `or` must hold for one and the same value, which is why `a = '1' and a = '2'` finds nothing and
 * `a = '1' intersection a = '2'` does
 * (https://docs.aws.amazon.com/AmazonSimpleDB/latest/DeveloperGuide/RangeValueQueriesSelect.html).
 */
export function conditionOf(expression: Expression, domain: number): Sql {
  const name = attributeOf(expression);
  if (name !== undefined) return someValue(domain, name, valueCondition(expression));
  switch (expression.kind) {
    case "comparison":
      return comparison(expression, domain);
    case "not":
      return sql`NOT ${conditionOf(expression.part, domain)}`;
    case "and":
      return conjunction(expression.parts, domain);
    case "or":
    case "intersection": {
      const pieces = expression.parts.map((part) => conditionOf(part, domain));
      return joined(pieces, expression.kind === "or" ? "OR" : "AND");
    }
  }
}

/** The one attribute that an expression is a predicate of; undefined when it is about several, or about the item. */
function attributeOf(expression: Expression): string | undefined {
  if (expression.kind === "comparison") {
    const { subject, test } = expression;
    const whole = test.op === "is null" || test.op === "is not null";
    return subject.kind === "attribute" && !subject.every && !whole ? subject.name : undefined;
  }
  if (expression.kind !== "and" && expression.kind !== "or") return undefined;
  const [first, ...rest] = expression.parts.map((part) => attributeOf(part));
  return rest.every((it) => it === first) ? first : undefined;
}

/** Parts about the same attribute become one predicate, wherever they stand in the chain. */
function conjunction(parts: readonly Expression[], domain: number): Sql {
  const predicates = new Map<string, Expression[]>();
  const others: Sql[] = [];
  for (const part of parts) {
    const name = attributeOf(part);
    if (name === undefined) others.push(conditionOf(part, domain));
    else predicates.set(name, [...(predicates.get(name) ?? []), part]);
  }
  const grouped = [...predicates].map(([name, group]) =>
    someValue(
      domain,
      name,
      joined(
        group.map((part) => valueCondition(part)),
        "AND",
      ),
    ),
  );
  return joined([...grouped, ...others], "AND");
}

function comparison({ subject, test }: Comparison, domain: number): Sql {
  if (subject.kind === "item") return testOf(test, "i.item");
  const { name } = subject;
  if (test.op === "is null") return sql`NOT ${someValue(domain, name, sql`TRUE`)}`;
  if (test.op === "is not null") return someValue(domain, name, sql`TRUE`);
  const otherwise = sql`NOT ${testOf(test, "value")}`;
  return joined([someValue(domain, name, sql`TRUE`), sql`NOT ${someValue(domain, name, otherwise)}`], "AND");
}

function someValue(domain: number, name: string, condition: Sql): Sql {
  return sql`i.item IN (SELECT item FROM simpledb_pairs WHERE domain = ${domain} AND name = ${name} AND ${condition})`;
}

function valueCondition(expression: Expression): Sql {
  if (expression.kind === "comparison") return testOf(expression.test, "value");
  if (expression.kind === "not") return sql`NOT ${valueCondition(expression.part)}`;
  const pieces = expression.parts.map((part) => valueCondition(part));
  return joined(pieces, expression.kind === "or" ? "OR" : "AND");
}

function testOf(test: Test, name: "value" | "i.item"): Sql {
  const column: Sql = { text: name, values: [] };
  switch (test.op) {
    case "like":
      return sql`simpledb_like(${column}, ${test.value})`;
    case "not like":
      return sql`NOT simpledb_like(${column}, ${test.value})`;
    case "between":
      return sql`(${column} BETWEEN ${test.low} AND ${test.high})`;
    case "in":
      return joined(
        test.values.map((value) => sql`${column} = ${value}`),
        "OR",
      );
    case "is null":
      return sql`FALSE`; // an item has a name
    case "is not null":
      return sql`TRUE`;
    case "=":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return sql`(${column} ${{ text: test.op, values: [] }} ${test.value})`;
  }
}
