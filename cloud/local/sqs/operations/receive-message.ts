import { AwsError } from "../../aws-error.ts";
import { repeatAttempt } from "../attempts.ts";
import { poll, putBack } from "../delivery.ts";
import type { Input } from "../input.ts";
import { notForThisType, optionalToken, sequenceNumber } from "../fifo.ts";
import type { LiveQueue } from "../live-queue.ts";
import type { FullMessage } from "../message-table.ts";
import { attributesMd5, selectAttributes, type MessageAttributes } from "../message-attributes.ts";
import { queueOf, type Operation } from "../operation.ts";
import type { SqsState } from "../state.ts";

export const receiveMessage: Operation = async (state, input, caller) => {
  const max = input.optionalInteger("MaxNumberOfMessages", { min: 1, max: 10 }) ?? 1;
  const waitS = input.optionalInteger("WaitTimeSeconds", { min: 0, max: 20 });
  const visibilityS = input.optionalInteger("VisibilityTimeout", { min: 0, max: 43_200 });
  const shown = namesShown(input);
  const attemptId = optionalToken(input, "ReceiveRequestAttemptId");
  let queue: LiveQueue | undefined;
  const taken = await poll(state, caller, () => {
    const found = queueOf(state, input);
    const visibilityMs = visibilityS === undefined ? found.settings.visibilityMs : visibilityS * 1000;
    const waitMs = waitS === undefined ? found.settings.waitMs : waitS * 1000;
    const repeated = attemptId === undefined ? undefined : repeat(state, found, attemptId, visibilityMs);
    if (repeated !== undefined) return repeated;
    queue = found;
    return { queue: found, max, waitMs, visibilityMs, attemptId };
  });
  if (taken.length === 0) return { output: {} };
  const output = { Messages: taken.map(({ message }) => present(state, message, shown)) };
  if (queue === undefined) return { output }; // repeated: the messages stay with the receive of before
  const from = queue;
  return { output, undelivered: () => void putBack(state, from, taken).catch(state.report) };
};

function repeat(state: SqsState, queue: LiveQueue, attemptId: string, visibilityMs: number) {
  if (!queue.fifo) throw notForThisType("ReceiveRequestAttemptId", attemptId);
  return repeatAttempt(state, queue, attemptId, visibilityMs);
}

interface Shown {
  system: readonly string[];
  attributes: readonly string[];
}

/** Names that a receive may ask for. */
const systemNames = new Set([
  "All",
  "SenderId",
  "SentTimestamp",
  "ApproximateReceiveCount",
  "ApproximateFirstReceiveTimestamp",
  "SequenceNumber",
  "MessageDeduplicationId",
  "MessageGroupId",
  "AWSTraceHeader",
  "DeadLetterQueueSourceArn",
]);

/** Throws AwsError `InvalidAttributeName` for a system attribute that does not exist. */
function namesShown(input: Input): Shown {
  // AttributeNames is the older name of MessageSystemAttributeNames.
  const system = [...input.texts("AttributeNames"), ...input.texts("MessageSystemAttributeNames")];
  const unknown = system.find((name) => !systemNames.has(name));
  if (unknown !== undefined) throw new AwsError("InvalidAttributeName", `Unknown Attribute ${unknown}.`);
  return { system, attributes: input.texts("MessageAttributeNames") };
}

function present(state: SqsState, message: FullMessage, shown: Shown): Record<string, unknown> {
  const system = systemAttributes(message, shown.system);
  const attributes =
    message.attributes === null || shown.attributes.length === 0
      ? undefined
      : selectAttributes(JSON.parse(message.attributes) as MessageAttributes, shown.attributes);
  return {
    MessageId: message.id,
    ReceiptHandle: state.receipts.handle(message),
    MD5OfBody: message.md5,
    Body: message.body,
    ...(Object.keys(system).length === 0 ? {} : { Attributes: system }),
    ...(attributes === undefined
      ? {}
      : { MessageAttributes: attributes, MD5OfMessageAttributes: attributesMd5(attributes) }),
  };
}

function systemAttributes(message: FullMessage, wanted: readonly string[]): Record<string, string> {
  if (wanted.length === 0) return {};
  const all: [string, string | undefined][] = [
    ["SenderId", message.sender],
    ["SentTimestamp", String(message.sent_ms)],
    ["ApproximateReceiveCount", String(message.receive_count)],
    ["ApproximateFirstReceiveTimestamp", String(message.first_received_ms)],
    ["DeadLetterQueueSourceArn", message.moved_from ?? undefined],
    ["SequenceNumber", message.grp === null ? undefined : sequenceNumber(message.seq)],
    ...Object.entries(JSON.parse(message.system ?? "{}") as Record<string, string>),
  ];
  const everything = wanted.includes("All");
  return Object.fromEntries(
    all.flatMap(([name, value]) =>
      value !== undefined && (everything || wanted.includes(name)) ? [[name, value]] : [],
    ),
  );
}
