import { AwsError } from "../../aws-error.ts";
import { checkCondition, readCondition } from "../condition.ts";
import { readItems } from "../items.ts";
import { attributeName, checkLength, itemName } from "../names.ts";
import type { Parameters } from "../parameters.ts";
import { domainOf, type Operation, type SimpleDbState } from "../state.ts";
import type { Pair } from "../tables.ts";
import { distinct, write } from "../write.ts";

interface NewPair extends Pair {
  /** Takes the place of the attribute's other values. */
  replace: boolean;
}

export const putAttributes: Operation = (state, parameters) => {
  const domain = domainOf(state, parameters.text("DomainName"));
  const item = itemName(parameters.text("ItemName"), state.limits);
  const pairs = newPairs(state, parameters, item);
  const condition = readCondition(parameters, state.limits);
  const before = state.tables.pairs(domain.id, item);
  checkCondition(condition, before);
  write(state, domain, [{ item, before, after: merge(before, pairs) }]);
  return undefined;
};

/** All items or none. */
export const batchPutAttributes: Operation = (state, parameters) => {
  const domain = domainOf(state, parameters.text("DomainName"));
  const changes = readItems(state, parameters).map(({ item, fields }) => {
    const before = state.tables.pairs(domain.id, item);
    return { item, before, after: merge(before, newPairs(state, fields, item)) };
  });
  write(state, domain, changes);
  return undefined;
};

function newPairs({ limits }: SimpleDbState, fields: Parameters, item: string): NewPair[] {
  const attributes = fields.list("Attribute");
  if (attributes.length === 0) throw new AwsError("MissingParameter", `No attributes for item ${item}.`);
  if (attributes.length > limits.callPairs) {
    throw new AwsError("NumberSubmittedAttributesExceeded", "Too many attributes in a single call.");
  }
  return attributes.map((it) => {
    const name = attributeName(it.text("Name"), limits);
    const value = it.optionalText("Value");
    if (value === undefined) {
      throw new AwsError("MissingParameter", `Attribute.Value missing for Attribute.Name='${name}'.`);
    }
    return { name, value: checkLength(value, "Value", limits), replace: it.flag("Replace") };
  });
}

function merge(before: readonly Pair[], pairs: readonly NewPair[]): Pair[] {
  const replaced = new Set(pairs.filter((it) => it.replace).map((it) => it.name));
  const kept = before.filter((it) => !replaced.has(it.name));
  return distinct([...kept, ...pairs.map(({ name, value }) => ({ name, value }))]);
}
