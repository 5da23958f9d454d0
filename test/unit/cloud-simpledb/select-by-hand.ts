import type { Comparison, Expression, Order } from "../../../cloud/local/simpledb/select/expression.ts";

/** Items by their names, attributes by theirs: a select as one would work it out by hand from the manual. */
export type Items = Record<string, Record<string, string[]>>;

const order = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

function holds(tested: Comparison["test"], text: string): boolean {
  if (tested.op === "between") return order(text, tested.low) >= 0 && order(text, tested.high) <= 0;
  if (tested.op === "in") return tested.values.includes(text);
  if (!("value" in tested)) return tested.op === "is not null";
  const compared = order(text, tested.value);
  switch (tested.op) {
    case "=":
      return compared === 0;
    case "!=":
      return compared !== 0;
    case "<":
      return compared < 0;
    case "<=":
      return compared <= 0;
    case ">":
      return compared > 0;
    case ">=":
      return compared >= 0;
    case "like":
      return matches(tested.value, text);
    case "not like":
      return !matches(tested.value, text);
  }
}

/** Greedy and slow, without regular expressions. */
function matches(pattern: string, text: string): boolean {
  const [first, second] = pattern;
  if (first === undefined) return text === "";
  if (first === "%")
    return matches(pattern.slice(1), text) || (text !== "" && matches(pattern, text.slice(1)));
  const [wanted, rest] =
    first === "\\" && second !== undefined ? [second, pattern.slice(2)] : [first, pattern.slice(1)];
  return text.startsWith(wanted) && matches(rest, text.slice(wanted.length));
}

/** The attribute that the whole expression is a predicate of. */
function only(it: Expression): string | undefined {
  if (it.kind === "not" || it.kind === "intersection") return undefined;
  if (it.kind === "comparison") {
    const plain = it.subject.kind === "attribute" && !it.subject.every && !it.test.op.endsWith("null");
    return plain && it.subject.kind === "attribute" ? it.subject.name : undefined;
  }
  const names = new Set(it.parts.map((part) => only(part)));
  return names.size === 1 ? [...names][0] : undefined;
}

function forValue(it: Expression, text: string): boolean {
  if (it.kind === "comparison") return holds(it.test, text);
  if (it.kind === "not") return !forValue(it.part, text);
  return it.kind === "or"
    ? it.parts.some((part) => forValue(part, text))
    : it.parts.every((part) => forValue(part, text));
}

/** Whether the expression selects the item with these attributes. */
export function selects(it: Expression, item: string, attributes: Record<string, string[]>): boolean {
  const name = only(it);
  if (name !== undefined) return (attributes[name] ?? []).some((text) => forValue(it, text));
  if (it.kind === "comparison") return selectedBy(it, item, attributes);
  if (it.kind === "not") return !selects(it.part, item, attributes);
  if (it.kind === "or") return it.parts.some((part) => selects(part, item, attributes));
  if (it.kind === "intersection") return it.parts.every((part) => selects(part, item, attributes));
  return [...Map.groupBy(it.parts, (part) => only(part))].every(([shared, parts]) =>
    shared === undefined
      ? parts.every((part) => selects(part, item, attributes))
      : (attributes[shared] ?? []).some((text) => parts.every((part) => forValue(part, text))),
  );
}

function selectedBy(it: Comparison, item: string, attributes: Record<string, string[]>): boolean {
  if (it.subject.kind === "item") return holds(it.test, item);
  const values = attributes[it.subject.name] ?? [];
  if (it.test.op === "is null") return values.length === 0;
  if (it.test.op === "is not null") return values.length > 0;
  return values.length > 0 && values.every((text) => holds(it.test, text));
}

/** The names in the order that a select answers them in; without what they are sorted by they are left out. */
export function sorted(names: string[], by: Order | undefined, all: Items): string[] {
  const { attribute, descending = false } = by ?? { attribute: undefined };
  const sign = descending ? -1 : 1;
  if (attribute === undefined) return names.toSorted((a, b) => sign * order(a, b));
  const key = (item: string) => (all[item]?.[attribute] ?? []).toSorted((a, b) => sign * order(a, b))[0];
  return names
    .flatMap((item) => [[item, key(item)] as const].filter(([, first]) => first !== undefined))
    .toSorted(([a, x = ""], [b, y = ""]) => sign * order(x, y) || order(a, b))
    .map(([item]) => item);
}
