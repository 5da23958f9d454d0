import { AwsError } from "../aws-error.ts";
import type { Limits } from "./limits.ts";
import { attributeName, checkLength } from "./names.ts";
import type { Parameters } from "./parameters.ts";
import type { Pair } from "./tables.ts";

/** The attribute has this one value, or, without a value, does not exist. */
export interface Condition {
  name: string;
  value: string | undefined;
}

/**
 * Reads `Expected.Name`, `Expected.Value` and `Expected.Exists`; clients that number it (`Expected.1.Name`) mean the
 * same. Undefined when there is none.
 */
export function readCondition(parameters: Parameters, limits: Limits): Condition | undefined {
  let expected = parameters.below("Expected");
  if (expected?.isNumbered()) {
    const [first, ...more] = expected.numbered("Expected");
    if (more.length > 0) {
      throw new AwsError("MultipleExpectedNames", "Only one Expected.Name can be specified.");
    }
    expected = first;
  }
  if (expected === undefined) return undefined;
  const name = attributeName(expected.text("Name"), limits);
  const value = expected.optionalText("Value");
  const exists = expected.optionalText("Exists") === undefined || expected.flag("Exists");
  if (!exists && value !== undefined) {
    const message = "Expected.Exists=false and Expected.Value cannot be specified together.";
    throw new AwsError("ExistsAndExpectedValue", message);
  }
  if (exists && value === undefined) {
    const message = "If Expected.Exists=true or unspecified, then Expected.Value has to be specified.";
    throw new AwsError("IncompleteExpectedExpression", message);
  }
  return { name, value: value === undefined ? undefined : checkLength(value, "Expected.Value", limits) };
}

/** Throws AwsError `ConditionalCheckFailed`, `AttributeDoesNotExist` or `MultiValuedAttribute`. */
export function checkCondition(condition: Condition | undefined, pairs: readonly Pair[]): void {
  if (condition === undefined) return;
  const { name, value } = condition;
  const [found, ...more] = pairs.filter((it) => it.name === name);
  if (value === undefined) {
    if (found === undefined) return;
    throw new AwsError(
      "ConditionalCheckFailed",
      `Conditional check failed. Attribute (${name}) value exists.`,
    );
  }
  if (found === undefined) {
    throw new AwsError("AttributeDoesNotExist", `Attribute (${name}) does not exist.`);
  }
  if (more.length > 0) {
    throw new AwsError(
      "MultiValuedAttribute",
      `Attribute (${name}) is multi-valued. Conditional check can only be performed on a single-valued attribute.`,
    );
  }
  if (found.value !== value) {
    throw new AwsError(
      "ConditionalCheckFailed",
      `Conditional check failed. Attribute (${name}) value is (${found.value}) but was expected (${value}).`,
    );
  }
}
