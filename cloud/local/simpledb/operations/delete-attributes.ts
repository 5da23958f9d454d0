import { AwsError } from "../../aws-error.ts";
import { checkCondition, readCondition } from "../condition.ts";
import { readItems } from "../items.ts";
import { attributeName, checkLength, itemName } from "../names.ts";
import type { Parameters } from "../parameters.ts";
import { domainOf, type Operation, type SimpleDbState } from "../state.ts";
import type { Pair } from "../tables.ts";
import { write } from "../write.ts";

/** An attribute with all its values, or one of its values. */
interface Target {
  name: string;
  value: string | undefined;
}

/** Without attributes the whole item goes. Deleting what is not there succeeds. */
export const deleteAttributes: Operation = (state, parameters) => {
  const domain = domainOf(state, parameters.text("DomainName"));
  const item = itemName(parameters.text("ItemName"), state.limits);
  const targets = readTargets(state, parameters);
  const condition = readCondition(parameters, state.limits);
  const before = state.tables.pairs(domain.id, item);
  checkCondition(condition, before);
  write(state, domain, [{ item, before, after: without(before, targets) }]);
  return undefined;
};

/** All items or none. */
export const batchDeleteAttributes: Operation = (state, parameters) => {
  const domain = domainOf(state, parameters.text("DomainName"));
  const changes = readItems(state, parameters).map(({ item, fields }) => {
    const before = state.tables.pairs(domain.id, item);
    return { item, before, after: without(before, readTargets(state, fields)) };
  });
  write(state, domain, changes);
  return undefined;
};

function readTargets({ limits }: SimpleDbState, fields: Parameters): Target[] {
  const attributes = fields.list("Attribute");
  if (attributes.length > limits.callPairs) {
    throw new AwsError("NumberSubmittedAttributesExceeded", "Too many attributes in a single call.");
  }
  return attributes.map((it) => {
    const value = it.optionalText("Value");
    return {
      name: attributeName(it.text("Name"), limits),
      value: value === undefined ? undefined : checkLength(value, "Value", limits),
    };
  });
}

function without(before: readonly Pair[], targets: readonly Target[]): Pair[] {
  if (targets.length === 0) return [];
  return before.filter(
    (pair) => !targets.some((it) => it.name === pair.name && (it.value ?? pair.value) === pair.value),
  );
}
