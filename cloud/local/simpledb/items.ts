import { AwsError } from "../aws-error.ts";
import { itemName } from "./names.ts";
import type { Parameters } from "./parameters.ts";
import type { SimpleDbState } from "./state.ts";

/** The items of a batch. */
export function readItems(
  { limits }: SimpleDbState,
  parameters: Parameters,
): { item: string; fields: Parameters }[] {
  const items = parameters.list("Item").map((fields) => {
    return { item: itemName(fields.text("ItemName"), limits), fields };
  });
  if (items.length === 0) throw new AwsError("MissingParameter", "No items specified.");
  if (items.length > limits.callItems) {
    const message = `Too many items in a single call. Up to ${limits.callItems} items per call allowed.`;
    throw new AwsError("NumberSubmittedItemsExceeded", message);
  }
  const seen = new Set<string>();
  for (const { item } of items) {
    if (seen.has(item)) {
      throw new AwsError("DuplicateItemName", `Item ${item} was specified more than once.`);
    }
    seen.add(item);
  }
  return items;
}
