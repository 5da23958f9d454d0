/** What a select asks for, as parsed. */
export interface Select {
  output: "all" | "item" | "count" | readonly string[];
  domain: string;
  where: Expression | undefined;
  order: Order | undefined;
  /** Undefined when the expression has none. */
  limit: number | undefined;
}

export interface Order {
  /** Undefined: by the item's name. */
  attribute: string | undefined;
  descending: boolean;
}

export type Expression =
  | { kind: "and" | "or" | "intersection"; parts: readonly Expression[] }
  | { kind: "not"; part: Expression }
  | Comparison;

export interface Comparison {
  kind: "comparison";
  subject: Subject;
  test: Test;
}

export type Subject = { kind: "item" } | { kind: "attribute"; name: string; every: boolean };

export type Test =
  | { op: "=" | "!=" | "<" | "<=" | ">" | ">="; value: string }
  | { op: "like" | "not like"; value: string }
  | { op: "between"; low: string; high: string }
  | { op: "in"; values: readonly string[] }
  | { op: "is null" | "is not null" };

/** All comparisons of an expression, from left to right. */
export function comparisonsOf(expression: Expression): Comparison[] {
  if (expression.kind === "comparison") return [expression];
  if (expression.kind === "not") return comparisonsOf(expression.part);
  return expression.parts.flatMap((part) => comparisonsOf(part));
}

/** The constants that a test compares with. */
export function constantsOf(test: Test): readonly string[] {
  if (test.op === "between") return [test.low, test.high];
  if (test.op === "in") return test.values;
  return "value" in test ? [test.value] : [];
}
