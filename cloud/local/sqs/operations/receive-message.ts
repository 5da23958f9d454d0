import { poll, putBack } from "../delivery.ts";
import type { Input } from "../input.ts";
import type { FullMessage } from "../message-table.ts";
import { attributesMd5, selectAttributes, type MessageAttributes } from "../message-attributes.ts";
import { queueOf, type Operation } from "../operation.ts";
import type { SqsState } from "../state.ts";

export const receiveMessage: Operation = async (state, input, caller) => {
  const max = input.optionalInteger("MaxNumberOfMessages", { min: 1, max: 10 }) ?? 1;
  const waitS = input.optionalInteger("WaitTimeSeconds", { min: 0, max: 20 });
  const visibilityS = input.optionalInteger("VisibilityTimeout", { min: 0, max: 43_200 });
  const shown = namesShown(input);
  const queue = await state.group.run(() => queueOf(state, input));
  const { waitMs, visibilityMs } = queue.settings;
  const taken = await poll(state, queue, {
    max,
    waitMs: waitS === undefined ? waitMs : waitS * 1000,
    visibilityMs: visibilityS === undefined ? visibilityMs : visibilityS * 1000,
    alive: caller.alive,
    onGone: caller.onGone,
  });
  if (taken.length === 0) return { output: {} };
  return {
    output: { Messages: taken.map(({ message }) => present(state, message, shown)) },
    undelivered: () => void putBack(state, queue, taken).catch(state.report),
  };
};

interface Shown {
  system: readonly string[];
  attributes: readonly string[];
}

function namesShown(input: Input): Shown {
  return {
    // AttributeNames is the older name of MessageSystemAttributeNames.
    system: [...input.texts("AttributeNames"), ...input.texts("MessageSystemAttributeNames")],
    attributes: input.texts("MessageAttributeNames"),
  };
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
  ];
  const everything = wanted.includes("All");
  return Object.fromEntries(
    all.flatMap(([name, value]) =>
      value !== undefined && (everything || wanted.includes(name)) ? [[name, value]] : [],
    ),
  );
}
