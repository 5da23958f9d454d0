import { AwsError } from "../../aws-error.ts";
import { itemName } from "../names.ts";
import { domainOf, type Operation } from "../state.ts";

/** All attributes, or those named. An item that is not there has none. */
export const getAttributes: Operation = (state, parameters) => {
  const domain = domainOf(state, parameters.text("DomainName"));
  const item = itemName(parameters.text("ItemName"), state.limits);
  const names = new Set(parameters.texts("AttributeName"));
  if (names.size > state.limits.requestedAttributes) {
    throw new AwsError("TooManyRequestedAttributes", "Too many attributes requested.");
  }
  parameters.flag("ConsistentRead"); // every read is
  const pairs = state.tables.pairs(domain.id, item).filter((it) => names.size === 0 || names.has(it.name));
  return { Attribute: pairs.map(({ name, value }) => ({ Name: name, Value: value })) };
};
