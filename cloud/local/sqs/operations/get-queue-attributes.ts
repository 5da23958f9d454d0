import { AwsError } from "../../aws-error.ts";
import { settle } from "../due.ts";
import type { LiveQueue } from "../live-queue.ts";
import { DELAYED, IN_FLIGHT, VISIBLE } from "../message-table.ts";
import { queueOf, type Operation } from "../operation.ts";
import { attributesInForce } from "../queue-attributes.ts";
import { arnOf, type SqsState } from "../state.ts";

export const getQueueAttributes: Operation = async (state, input) => {
  const wanted = input.texts("AttributeNames");
  const all = await state.group.run(() => {
    const queue = queueOf(state, input);
    settle(state, queue, state.clock.now());
    state.touched.add(queue);
    return describe(state, queue);
  });
  const chosen = Object.fromEntries(
    wanted.includes("All") ? Object.entries(all) : wanted.flatMap((name) => pick(all, name)),
  );
  return { output: Object.keys(chosen).length === 0 ? {} : { Attributes: chosen } };
};

/** Known names whose value is not set are left out. */
const silent = new Set([
  "RedrivePolicy",
  "RedriveAllowPolicy",
  "Policy",
  "KmsMasterKeyId",
  "KmsDataKeyReusePeriodSeconds",
  "SqsManagedSseEnabled",
  "FifoQueue",
  "ContentBasedDeduplication",
  "DeduplicationScope",
  "FifoThroughputLimit",
]);

function pick(all: Record<string, string>, name: string): [string, string][] {
  const value = all[name];
  if (value !== undefined) return [[name, value]];
  if (silent.has(name)) return [];
  throw new AwsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
}

function describe(state: SqsState, queue: LiveQueue): Record<string, string> {
  return {
    ...attributesInForce(queue.attributes, queue.fifo),
    QueueArn: arnOf(state, queue.name),
    CreatedTimestamp: String(Math.floor(queue.createdMs / 1000)),
    LastModifiedTimestamp: String(Math.floor(queue.modifiedMs / 1000)),
    ApproximateNumberOfMessages: String(queue.counts[VISIBLE]),
    ApproximateNumberOfMessagesNotVisible: String(queue.counts[IN_FLIGHT]),
    ApproximateNumberOfMessagesDelayed: String(queue.counts[DELAYED]),
  };
}
