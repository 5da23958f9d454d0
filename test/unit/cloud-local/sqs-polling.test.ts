import { randomUUID } from "node:crypto";
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { clientsOf, makeQueue, testCloud } from "./cloud.ts";

const poll = (sqs: SQSClient, QueueUrl: string, WaitTimeSeconds = 20, abortSignal?: AbortSignal) =>
  sqs.send(
    new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds, MessageSystemAttributeNames: ["All"] }),
    abortSignal ? { abortSignal } : {},
  );

const send = (sqs: SQSClient, QueueUrl: string, MessageBody: string) =>
  sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));

/** Resolves when the cloud has answered a request that was sent after all the others. */
async function attributes(sqs: SQSClient, QueueUrl: string): Promise<Record<string, string>> {
  const answer = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
  return answer.Attributes ?? {};
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("of twenty pollers one gets the message and the others keep waiting", async () => {
  const cloud = await testCloud();
  const url = await makeQueue(cloud);
  const got: number[] = [];
  const stop = new AbortController();
  const polls = Array.from({ length: 20 }, async (_, index) => {
    const { Messages = [] } = await poll(cloud.sqs, url, 20, stop.signal);
    if (Messages.length > 0) got.push(index);
  });
  await sleep(50);
  const sender = clientsOf(cloud).sqs;
  await send(sender, url, "one");
  await Promise.race(polls);
  await attributes(sender, url);
  expect(got).toHaveLength(1);
  stop.abort();
  const ended = await Promise.allSettled(polls);
  expect(ended.filter((it) => it.status === "rejected")).toHaveLength(19);
  expect(await attributes(sender, url)).toMatchObject({
    ApproximateNumberOfMessages: "0",
    ApproximateNumberOfMessagesNotVisible: "1",
  });
  sender.destroy();
});

test("a long poll ends empty when its time is over, not before", async () => {
  const cloud = await testCloud();
  const url = await makeQueue(cloud);
  const start = performance.now();
  expect((await poll(cloud.sqs, url, 1)).Messages).toBeUndefined();
  expect(performance.now() - start).toBeGreaterThan(990);
});

test("a message handed back wakes a poller", async () => {
  const cloud = await testCloud();
  const url = await makeQueue(cloud);
  await send(cloud.sqs, url, "a");
  const { Messages } = await poll(cloud.sqs, url);
  const waiting = poll(cloud.sqs, url);
  await cloud.sqs.send(
    new ChangeMessageVisibilityCommand({
      QueueUrl: url,
      ReceiptHandle: Messages?.[0]?.ReceiptHandle,
      VisibilityTimeout: 0,
    }),
  );
  expect((await waiting).Messages?.[0]?.Attributes?.ApproximateReceiveCount).toBe("2");
});

test("the end of a visibility timeout wakes a poller by itself", async () => {
  const cloud = await testCloud();
  const url = await makeQueue(cloud, "short", { VisibilityTimeout: "1" });
  await send(cloud.sqs, url, "a");
  await poll(cloud.sqs, url);
  expect((await poll(cloud.sqs, url)).Messages).toHaveLength(1);
});

test("polls that were aborted take nothing with them, and no receive is counted", async () => {
  const cloud = await testCloud();
  const url = await makeQueue(cloud);
  const sender = clientsOf(cloud).sqs;
  for (let round = 0; round < 40; round++) {
    const stop = new AbortController();
    const polls = Array.from({ length: 5 }, () =>
      poll(cloud.sqs, url, 20, stop.signal).catch(() => "aborted"),
    );
    // Now and then the abort meets the poll before the cloud has seen it.
    if (round % 2 === 0) await sleep(1 + (round % 7));
    stop.abort();
    const body = randomUUID();
    await send(sender, url, body);
    expect(await Promise.all(polls)).toEqual(Array(5).fill("aborted"));
    const { Messages } = await poll(sender, url, 5);
    expect(Messages?.[0]).toMatchObject({ Body: body, Attributes: { ApproximateReceiveCount: "1" } });
    await sender.send(
      new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: Messages?.[0]?.ReceiptHandle }),
    );
  }
  expect(cloud.reports).toEqual([]);
  sender.destroy();
});

test("a message sent at the very moment of the abort is delivered once, to whoever is there", async () => {
  const cloud = await testCloud();
  // What an answer that was fast takes with it must not come back while the test lasts.
  const url = await makeQueue(cloud, "jobs", { VisibilityTimeout: "43200" });
  const sender = clientsOf(cloud).sqs;
  for (let round = 0; round < 40; round++) {
    const stop = new AbortController();
    const aborted = poll(cloud.sqs, url, 20, stop.signal).catch(() => undefined);
    await sleep(round % 5);
    const sending = send(sender, url, `m${round}`);
    stop.abort();
    await sending;
    const taken = await aborted;
    if (taken?.Messages !== undefined) continue; // the answer was faster than the abort
    const { Messages } = await poll(sender, url, 5);
    expect(Messages?.[0]).toMatchObject({ Body: `m${round}`, Attributes: { ApproximateReceiveCount: "1" } });
  }
  sender.destroy();
});

test("closing the cloud answers those who wait, long before their time is over", async () => {
  const cloud = await testCloud();
  const url = await makeQueue(cloud);
  const waiting = poll(cloud.sqs, url);
  await sleep(50);
  const start = performance.now();
  await cloud.close();
  expect(performance.now() - start).toBeLessThan(15_000);
  expect((await waiting).Messages).toBeUndefined();
});
