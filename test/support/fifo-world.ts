import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type Message,
  type SendMessageCommandInput,
} from "@aws-sdk/client-sqs";
import { makeQueue, testCloud, type TestCloud } from "../unit/cloud-local/cloud.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;

export interface World {
  cloud: TestCloud;
  clock: FakeClock;
  url: string;
}

export async function fifoWorld(over: Record<string, string> = {}, dir?: string): Promise<World> {
  const clock = createFakeClock(Date.now());
  const cloud = await testCloud({ clock, ...(dir === undefined ? {} : { dir }) });
  const fifo = { FifoQueue: "true", ContentBasedDeduplication: "true", ...over };
  return { cloud, clock, url: await makeQueue(cloud, "jobs.fifo", fifo) };
}

export const send = (
  { cloud, url }: World,
  MessageBody: string,
  MessageGroupId = "g",
  more: Partial<SendMessageCommandInput> = {},
) => cloud.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody, MessageGroupId, ...more }));

export async function receive(
  { cloud, url }: Pick<World, "cloud" | "url">,
  max = 10,
  attempt?: string,
): Promise<Message[]> {
  const answer = await cloud.sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: max,
      MessageSystemAttributeNames: ["All"],
      ReceiveRequestAttemptId: attempt,
    }),
  );
  return answer.Messages ?? [];
}

export const bodies = (messages: Message[]) => messages.map((it) => it.Body);

export const remove = ({ cloud, url }: World, message: Message | undefined) =>
  cloud.sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle }));

export const hide = ({ cloud, url }: World, message: Message | undefined, VisibilityTimeout: number) =>
  cloud.sqs.send(
    new ChangeMessageVisibilityCommand({
      QueueUrl: url,
      ReceiptHandle: message?.ReceiptHandle,
      VisibilityTimeout,
    }),
  );

export async function attributesOf(
  { cloud }: Pick<World, "cloud">,
  QueueUrl: string,
): Promise<Record<string, string>> {
  const answer = await cloud.sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
  return answer.Attributes ?? {};
}

export const invalid = { name: "InvalidParameterValue" };
