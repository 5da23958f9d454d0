import { AwsError } from "../aws-error.ts";
import { rowOf, type LiveQueue } from "./live-queue.ts";
import type { SqsState } from "./state.ts";

export type Tags = Readonly<Record<string, string>>;

/** Limits of the SQS developer guide, "Quotas related to queues". */
const MAX_TAGS = 50;
const MAX_KEY = 128;
const MAX_VALUE = 256;
const ALLOWED = /^[\p{L}\p{N}\p{Zs}_.:/=+\-@]*$/u;

/** Throws AwsError `InvalidParameterValue`. */
export function checkTags(tags: Tags): void {
  for (const [key, value] of Object.entries(tags)) {
    if (key === "" || key.length > MAX_KEY || !ALLOWED.test(key) || /^aws:/i.test(key)) {
      throw refusal(key, `A tag key has 1 to ${MAX_KEY} allowed characters and does not start with aws:.`);
    }
    if (value.length > MAX_VALUE || !ALLOWED.test(value)) {
      throw refusal(key, `A tag value has at most ${MAX_VALUE} allowed characters.`);
    }
  }
  if (Object.keys(tags).length > MAX_TAGS) {
    throw new AwsError("InvalidParameterValue", `Too many tags added for queue: at most ${MAX_TAGS}.`);
  }
}

const refusal = (key: string, reason: string) =>
  new AwsError("InvalidParameterValue", `Value ${key} for parameter Tags is invalid. Reason: ${reason}`);

/** Inside a transaction. */
export function putTags(state: SqsState, queue: LiveQueue, added: Tags): void {
  const tags = { ...queue.tags, ...added };
  checkTags(tags);
  queue.tags = tags;
  state.queueTable.put(rowOf(queue));
}

/** Inside a transaction. Keys that are not there are passed over. */
export function removeTags(state: SqsState, queue: LiveQueue, keys: readonly string[]): void {
  queue.tags = Object.fromEntries(Object.entries(queue.tags).filter(([key]) => !keys.includes(key)));
  state.queueTable.put(rowOf(queue));
}
