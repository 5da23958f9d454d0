import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  type Message,
} from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { createFakeClock } from "../../support/fake-clock.ts";
import { makeQueue, testCloud, type TestCloud } from "./cloud.ts";

const SECOND = 1000;
const HOUR = 3600 * SECOND;

async function setUp(attributes: Record<string, string> = {}) {
  const clock = createFakeClock(Date.now());
  const cloud = await testCloud({ clock });
  const url = await makeQueue(cloud, "jobs", attributes);
  return { clock, cloud, url };
}

const send = (cloud: TestCloud, QueueUrl: string, MessageBody: string, DelaySeconds?: number) =>
  cloud.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, DelaySeconds }));

async function receive(cloud: TestCloud, QueueUrl: string, VisibilityTimeout?: number): Promise<Message[]> {
  const answer = await cloud.sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      VisibilityTimeout,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ["All"],
    }),
  );
  return answer.Messages ?? [];
}

const hide = (cloud: TestCloud, QueueUrl: string, message: Message | undefined, VisibilityTimeout: number) =>
  cloud.sqs.send(
    new ChangeMessageVisibilityCommand({
      QueueUrl,
      ReceiptHandle: message?.ReceiptHandle,
      VisibilityTimeout,
    }),
  );

const remove = (cloud: TestCloud, QueueUrl: string, message: Message | undefined) =>
  cloud.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));

async function counts(cloud: TestCloud, QueueUrl: string): Promise<number[]> {
  const { Attributes } = await cloud.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
  );
  return ["", "NotVisible", "Delayed"].map((end) =>
    Number(Attributes?.[`ApproximateNumberOfMessages${end}` as keyof typeof Attributes]),
  );
}

test("a received message is hidden until its visibility timeout ends, and counted each time", async () => {
  const { clock, cloud, url } = await setUp({ VisibilityTimeout: "60" });
  await send(cloud, url, "a");
  const [first] = await receive(cloud, url);
  expect(await counts(cloud, url)).toEqual([0, 1, 0]);
  clock.advance(60 * SECOND - 1);
  expect(await receive(cloud, url)).toEqual([]);
  clock.advance(1);
  const [second] = await receive(cloud, url);
  expect(second?.MessageId).toBe(first?.MessageId);
  expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle);
  expect(second?.Attributes).toMatchObject({
    ApproximateReceiveCount: "2",
    SentTimestamp: first?.Attributes?.SentTimestamp,
    ApproximateFirstReceiveTimestamp: first?.Attributes?.ApproximateFirstReceiveTimestamp,
  });
});

test("a heartbeat extends from now on; zero hands back at once", async () => {
  const { clock, cloud, url } = await setUp({ VisibilityTimeout: "60" });
  await send(cloud, url, "a");
  const [message] = await receive(cloud, url);
  clock.advance(50 * SECOND);
  await hide(cloud, url, message, 60);
  clock.advance(59 * SECOND);
  expect(await counts(cloud, url)).toEqual([0, 1, 0]);
  await hide(cloud, url, message, 0);
  expect(await counts(cloud, url)).toEqual([1, 0, 0]);
  expect(await receive(cloud, url)).toHaveLength(1);
});

test("no message is hidden for more than twelve hours in all", async () => {
  const { clock, cloud, url } = await setUp();
  await send(cloud, url, "a");
  const [message] = await receive(cloud, url, 43_200);
  clock.advance(HOUR);
  await expect(hide(cloud, url, message, 11 * 3600 + 1)).rejects.toMatchObject({
    name: "InvalidParameterValue",
    message: expect.stringContaining("43200 seconds"),
  });
  await hide(cloud, url, message, 11 * 3600);
});

test("an old handle deletes nothing and says so by success; the newest deletes even when visible again", async () => {
  const { clock, cloud, url } = await setUp({ VisibilityTimeout: "10" });
  await send(cloud, url, "a");
  const [first] = await receive(cloud, url);
  clock.advance(10 * SECOND);
  const [second] = await receive(cloud, url);
  await remove(cloud, url, first);
  expect(await counts(cloud, url)).toEqual([0, 1, 0]);
  await expect(hide(cloud, url, first, 5)).rejects.toMatchObject({ name: "InvalidParameterValue" });
  clock.advance(10 * SECOND);
  await expect(hide(cloud, url, second, 5)).rejects.toMatchObject({ name: "MessageNotInflight" });
  await remove(cloud, url, second);
  expect(await counts(cloud, url)).toEqual([0, 0, 0]);
  await remove(cloud, url, second);
  await expect(hide(cloud, url, second, 5)).rejects.toMatchObject({ name: "InvalidParameterValue" });
});

test("a handle that the cloud did not make is invalid", async () => {
  const { cloud, url } = await setUp();
  await send(cloud, url, "a");
  const [message] = await receive(cloud, url);
  const handle = message?.ReceiptHandle ?? "";
  const forged = Buffer.from(handle, "base64");
  forged.writeUInt8(forged.readUInt8(15) + 1, 15);
  for (const ReceiptHandle of ["garbage", forged.toString("base64"), handle.slice(4)]) {
    await expect(remove(cloud, url, { ReceiptHandle })).rejects.toMatchObject({
      name: "ReceiptHandleIsInvalid",
    });
    await expect(hide(cloud, url, { ReceiptHandle }, 1)).rejects.toMatchObject({
      name: "ReceiptHandleIsInvalid",
    });
  }
});

test("a delayed message comes when its delay is over, the queue's or its own", async () => {
  const { clock, cloud, url } = await setUp({ DelaySeconds: "10" });
  await send(cloud, url, "queue's delay");
  await send(cloud, url, "own delay", 20);
  await send(cloud, url, "none", 0);
  expect(await counts(cloud, url)).toEqual([1, 0, 2]);
  clock.advance(10 * SECOND);
  expect((await receive(cloud, url)).map((it) => it.Body)).toEqual(["none", "queue's delay"]);
  clock.advance(10 * SECOND);
  expect(await counts(cloud, url)).toEqual([1, 2, 0]);
});

test("retention counts from the send, for messages in flight too, and follows the attribute", async () => {
  const { clock, cloud, url } = await setUp({ MessageRetentionPeriod: "3600", VisibilityTimeout: "7200" });
  await send(cloud, url, "old");
  await receive(cloud, url);
  clock.advance(HOUR / 2);
  await send(cloud, url, "young");
  clock.advance(HOUR / 2);
  expect(await counts(cloud, url)).toEqual([1, 0, 0]);
  await cloud.sqs.send(
    new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { MessageRetentionPeriod: "60" } }),
  );
  expect(await counts(cloud, url)).toEqual([0, 0, 0]);
});

test("after maxReceiveCount receives a message moves to the dead-letter queue with its id and send time", async () => {
  const { clock, cloud, url: dead } = await setUp();
  const deadLetterTargetArn = "arn:aws:sqs:us-east-1:000000000000:jobs";
  const url = await makeQueue(cloud, "source", {
    VisibilityTimeout: "10",
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 }),
  });
  const sent = await send(cloud, url, "poison");
  const seen: Message[] = [];
  for (let round = 0; round < 3; round++) {
    seen.push(...(await receive(cloud, url)));
    clock.advance(10 * SECOND);
  }
  expect(seen.map((it) => it.Attributes?.ApproximateReceiveCount)).toEqual(["1", "2"]);
  expect(await counts(cloud, url)).toEqual([0, 0, 0]);
  const [letter] = await receive(cloud, dead);
  expect(letter).toMatchObject({
    MessageId: sent.MessageId,
    Body: "poison",
    Attributes: {
      SentTimestamp: seen[0]?.Attributes?.SentTimestamp,
      ApproximateReceiveCount: "3",
      DeadLetterQueueSourceArn: "arn:aws:sqs:us-east-1:000000000000:source",
    },
  });
});

test("messages that expire together become visible together, however many", async () => {
  const { clock, cloud, url } = await setUp({ VisibilityTimeout: "10" });
  const total = 120;
  await Promise.all(Array.from({ length: total }, (_, index) => send(cloud, url, `m${index}`)));
  await Promise.all(Array.from({ length: total / 10 }, () => receive(cloud, url)));
  expect(await counts(cloud, url)).toEqual([0, total, 0]);
  clock.advance(10 * SECOND);
  expect(await counts(cloud, url)).toEqual([total, 0, 0]);
});
