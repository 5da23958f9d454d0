import {
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SetQueueAttributesCommand,
} from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import {
  attributesOf,
  bodies,
  fifoWorld,
  hide,
  invalid,
  MINUTE,
  receive,
  remove,
  SECOND,
  send,
} from "../support/fifo-world.ts";
import { makeQueue, temporaryFolder } from "../unit/cloud-local/cloud.ts";

const entry = (Id: string, over = {}) => ({ Id, MessageBody: Id, MessageGroupId: "g", ...over });

describe("order", () => {
  test("within a group is that of sending, and one receive takes as much of a group as it can", async () => {
    const it = await fifoWorld();
    for (const body of ["a1", "b1", "a2", "b2", "a3"]) await send(it, body, body[0]);
    expect(bodies(await receive(it, 2))).toEqual(["a1", "a2"]);
    expect(bodies(await receive(it, 10))).toEqual(["b1", "b2"]);
  });

  test("goes on to the next group when there is room", async () => {
    const it = await fifoWorld();
    for (const body of ["a1", "b1", "a2"]) await send(it, body, body[0]);
    expect(bodies(await receive(it, 10))).toEqual(["a1", "a2", "b1"]);
  });

  test("sequence numbers rise, have twenty digits and come back with the message", async () => {
    const it = await fifoWorld();
    const sent = [await send(it, "1"), await send(it, "2")].map((one) => one.SequenceNumber ?? "");
    expect(sent[0]).toMatch(/^\d{20}$/);
    expect(BigInt(sent[1] ?? 0)).toBeGreaterThan(BigInt(sent[0] ?? 0));
    const [first] = await receive(it);
    expect(first?.Attributes).toMatchObject({ SequenceNumber: sent[0], MessageGroupId: "g" });
  });

  test("a batch is enqueued in its order, each entry told on its own", async () => {
    const it = await fifoWorld();
    const answer = await it.cloud.sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: it.url,
        Entries: [entry("a"), entry("b", { MessageGroupId: undefined }), entry("c"), entry("d")],
      }),
    );
    expect(answer.Successful?.map((one) => one.Id)).toEqual(["a", "c", "d"]);
    expect(answer.Failed).toMatchObject([{ Id: "b", SenderFault: true, Code: "MissingParameter" }]);
    expect(bodies(await receive(it))).toEqual(["a", "c", "d"]);
  });

  test("an older message that is handed back comes first again", async () => {
    const it = await fifoWorld();
    for (const body of ["1", "2", "3"]) await send(it, body);
    const [first, second] = await receive(it, 2);
    await hide(it, first, 0);
    expect(await receive(it)).toEqual([]);
    await hide(it, second, 0);
    expect(bodies(await receive(it))).toEqual(["1", "2", "3"]);
  });
});

describe("a group", () => {
  test("is blocked while one of its messages is in flight, others are not", async () => {
    const it = await fifoWorld();
    for (const body of ["a1", "a2", "b1"]) await send(it, body, body[0]);
    const [first] = await receive(it, 1);
    expect(bodies(await receive(it))).toEqual(["b1"]);
    expect(await attributesOf(it, it.url)).toMatchObject({
      ApproximateNumberOfMessages: "1",
      ApproximateNumberOfMessagesNotVisible: "2",
    });
    await remove(it, first);
    expect(bodies(await receive(it))).toEqual(["a2"]);
  });

  test("that is set free wakes a poller", async () => {
    const it = await fifoWorld();
    await send(it, "1");
    await send(it, "2");
    const [first] = await receive(it, 1);
    const waiting = it.cloud.sqs.send(new ReceiveMessageCommand({ QueueUrl: it.url, WaitTimeSeconds: 20 }));
    await attributesOf(it, it.url);
    await remove(it, first);
    expect(bodies((await waiting).Messages ?? [])).toEqual(["2"]);
  });

  test("comes again in order when the visibility timeout ends", async () => {
    const it = await fifoWorld({ VisibilityTimeout: "10" });
    await send(it, "1");
    await send(it, "2");
    await receive(it);
    it.clock.advance(10 * SECOND);
    expect(bodies(await receive(it))).toEqual(["1", "2"]);
  });
});

describe("deduplication", () => {
  test("by content: the same body within five minutes is one message", async () => {
    const it = await fifoWorld();
    const first = await send(it, "same", "g1");
    const second = await send(it, "same", "g2");
    expect(second).toMatchObject({ MessageId: first.MessageId, SequenceNumber: first.SequenceNumber });
    it.clock.advance(5 * MINUTE - 1);
    await send(it, "same");
    expect(await attributesOf(it, it.url)).toMatchObject({ ApproximateNumberOfMessages: "1" });
    it.clock.advance(1);
    await send(it, "same");
    expect(await attributesOf(it, it.url)).toMatchObject({ ApproximateNumberOfMessages: "2" });
  });

  test("an id of the sender's overrides the content", async () => {
    const it = await fifoWorld();
    await send(it, "same", "g", { MessageDeduplicationId: "1" });
    await send(it, "same", "g", { MessageDeduplicationId: "2" });
    await send(it, "other", "g", { MessageDeduplicationId: "2" });
    const got = await receive(it);
    expect(bodies(got)).toEqual(["same", "same"]);
    expect(got.map((one) => one.Attributes?.MessageDeduplicationId)).toEqual(["1", "2"]);
  });

  test("goes on after the message was deleted, after a purge, and after a restart", async () => {
    const dir = await temporaryFolder();
    const it = await fifoWorld({}, dir);
    await send(it, "deleted");
    await send(it, "purged");
    const [first] = await receive(it);
    await remove(it, first);
    await it.cloud.sqs.send(new PurgeQueueCommand({ QueueUrl: it.url }));
    await send(it, "deleted");
    await it.cloud.close();
    const again = await fifoWorld({}, dir);
    await send(again, "purged");
    await send(again, "new");
    expect(bodies(await receive(again))).toEqual(["new"]);
  });

  test("per group when the queue says so", async () => {
    const it = await fifoWorld({
      DeduplicationScope: "messageGroup",
      FifoThroughputLimit: "perMessageGroupId",
    });
    await send(it, "same", "a");
    await send(it, "same", "b");
    await send(it, "same", "b");
    expect(await receive(it)).toHaveLength(2);
  });
});

describe("a receive can be repeated by its attempt id", () => {
  test("the same messages and handles, hidden anew", async () => {
    const it = await fifoWorld({ VisibilityTimeout: "30" });
    await send(it, "1");
    await send(it, "2");
    const first = await receive(it, 10, "try");
    it.clock.advance(20 * SECOND);
    const second = await receive(it, 10, "try");
    expect(second.map((one) => one.ReceiptHandle)).toEqual(first.map((one) => one.ReceiptHandle));
    expect(second[0]?.Attributes?.ApproximateReceiveCount).toBe("1");
    it.clock.advance(20 * SECOND);
    expect(await receive(it, 10, "other")).toEqual([]);
    await remove(it, second[0]);
  });

  test("not when a message was changed meanwhile", async () => {
    const it = await fifoWorld();
    await send(it, "1");
    await send(it, "2");
    const first = await receive(it, 1, "try");
    await remove(it, first[0]);
    expect(bodies(await receive(it, 1, "try"))).toEqual(["2"]);
  });

  test("not on a standard queue", async () => {
    const { cloud } = await fifoWorld();
    const url = await makeQueue(cloud, "standard");
    await expect(receive({ cloud, url }, 1, "try")).rejects.toMatchObject(invalid);
  });
});

test("a handle whose time is over is refused: the message may be somebody else's", async () => {
  const it = await fifoWorld({ VisibilityTimeout: "10" });
  await send(it, "1");
  const [first] = await receive(it);
  it.clock.advance(10 * SECOND);
  const expired = { ...invalid, message: expect.stringContaining("expired") };
  await expect(remove(it, first)).rejects.toMatchObject(expired);
  await expect(hide(it, first, 10)).rejects.toMatchObject(expired);
  const [second] = await receive(it);
  await expect(remove(it, first)).rejects.toMatchObject(expired);
  await remove(it, second);
  await remove(it, second);
});

test("the queue's delay keeps the order, and a new delay counts for what waits already", async () => {
  const it = await fifoWorld({ DelaySeconds: "60" });
  await send(it, "1");
  it.clock.advance(30 * SECOND);
  await it.cloud.sqs.send(
    new SetQueueAttributesCommand({ QueueUrl: it.url, Attributes: { DelaySeconds: "40" } }),
  );
  await send(it, "2");
  it.clock.advance(10 * SECOND);
  expect(bodies(await receive(it))).toEqual(["1"]);
  expect(await attributesOf(it, it.url)).toMatchObject({ ApproximateNumberOfMessagesDelayed: "1" });
});

test("poison goes to the FIFO dead-letter queue in order, with its id and a new enqueue time", async () => {
  const it = await fifoWorld();
  const dead = await makeQueue(it.cloud, "dead.fifo", { FifoQueue: "true" });
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: "arn:aws:sqs:us-east-1:000000000000:dead.fifo",
    maxReceiveCount: 1,
  });
  await it.cloud.sqs.send(
    new SetQueueAttributesCommand({
      QueueUrl: it.url,
      Attributes: { RedrivePolicy, VisibilityTimeout: "10" },
    }),
  );
  const sent = [await send(it, "1"), await send(it, "2"), await send(it, "3")];
  await receive(it, 2);
  it.clock.advance(10 * SECOND);
  expect(bodies(await receive(it))).toEqual(["3"]);
  const letters = await receive({ cloud: it.cloud, url: dead });
  expect(letters.map((one) => one.MessageId)).toEqual(sent.slice(0, 2).map((one) => one.MessageId));
  expect(letters[0]?.Attributes).toMatchObject({
    MessageGroupId: "g",
    DeadLetterQueueSourceArn: "arn:aws:sqs:us-east-1:000000000000:jobs.fifo",
    SentTimestamp: String(it.clock.now()),
  });
});
