import {
  ReceiveMessageCommand,
  SendMessageCommand,
  type Message,
  type ReceiveMessageCommandInput,
  type SendMessageCommandInput,
} from "@aws-sdk/client-sqs";
import type { Queue, World } from "./world.ts";

export const send = (
  w: World,
  queue: Queue,
  MessageBody: string,
  more: Partial<SendMessageCommandInput> = {},
) => w.sqs.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody, ...more }));

/** One receive. */
export async function receive(
  w: World,
  queue: Queue,
  more: Partial<ReceiveMessageCommandInput> = {},
): Promise<Message[]> {
  const command = new ReceiveMessageCommand({ QueueUrl: queue.url, MaxNumberOfMessages: 10, ...more });
  return (await w.sqs.send(command)).Messages ?? [];
}

/** Receives until there are `count` messages, or a long poll finds none: one receive may answer fewer than there are. */
export async function collect(
  w: World,
  queue: Queue,
  count: number,
  more: Partial<ReceiveMessageCommandInput> = {},
): Promise<Message[]> {
  const found: Message[] = [];
  while (found.length < count) {
    const got = await receive(w, queue, { WaitTimeSeconds: 10, ...more });
    if (got.length === 0) break;
    found.push(...got);
  }
  return found;
}

/** The one message of a queue. */
export async function one(
  w: World,
  queue: Queue,
  more: Partial<ReceiveMessageCommandInput> = {},
): Promise<Message & { handle: string }> {
  const [message] = await collect(w, queue, 1, more);
  if (message === undefined) throw new Error("no message came");
  return { ...message, handle: message.ReceiptHandle ?? "" };
}

export const sleep = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
  });
