import { AwsError } from "../../aws-error.ts";
import type { Limits } from "../limits.ts";
import { checkLength } from "../names.ts";
import { invalid } from "../parameters.ts";
import { comparisonsOf, constantsOf, type Comparison, type Select } from "./expression.ts";

/** Throws AwsError when a select that could be read asks for more than SimpleDB gives. */
export function checkSelect(select: Select, limits: Limits): void {
  const { output, where, limit } = select;
  if (Array.isArray(output) && output.length > limits.requestedAttributes) {
    throw new AwsError("TooManyRequestedAttributes", "Too many attributes requested.");
  }
  if (limit !== undefined && (limit < 1 || limit > limits.pageItems)) {
    const reason = `MaxNumberOfItems must be between 1 and ${limits.pageItems}.`;
    throw invalid(String(limit), "MaxNumberOfItems", reason);
  }
  const comparisons = where === undefined ? [] : comparisonsOf(where);
  checkComparisons(comparisons, limits);
  checkOrder(select, comparisons);
}

function checkComparisons(comparisons: readonly Comparison[], limits: Limits): void {
  const attributes = new Set(
    comparisons.flatMap(({ subject }) => (subject.kind === "item" ? [] : [subject.name])),
  );
  if (attributes.size > limits.comparedAttributes) {
    throw new AwsError("InvalidNumberPredicates", "Too many predicates in the query expression.");
  }
  const constants = comparisons.map(({ test }) => constantsOf(test));
  // A range is one comparison, a list one for each of its members.
  const tests = comparisons.reduce((sum, { test }) => sum + (test.op === "in" ? test.values.length : 1), 0);
  if (tests > limits.comparisons) {
    throw new AwsError(
      "InvalidNumberValueTests",
      "Too many value tests per predicate in the query expression.",
    );
  }
  for (const value of constants.flat()) checkLength(value, "Value", limits);
}

/** A sorted answer holds only items that have what it is sorted by, which a predicate must say. */
function checkOrder({ order }: Select, comparisons: readonly Comparison[]): void {
  if (order === undefined) return;
  const constrained = comparisons.some(({ subject, test }) => {
    const same = subject.kind === "item" ? order.attribute === undefined : subject.name === order.attribute;
    return same && test.op !== "is null";
  });
  if (constrained) return;
  throw new AwsError(
    "InvalidSortExpression",
    "The sort attribute must be present in at least one of the predicates, and the predicate cannot contain the is null operator.",
  );
}
