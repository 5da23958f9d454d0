import {
  CancelMessageMoveTaskCommand,
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  ListQueueTagsCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  StartMessageMoveTaskCommand,
  TagQueueCommand,
  UntagQueueCommand,
  type Message,
} from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { makeQueue, temporaryFolder, testCloud, type TestCloud } from "../unit/cloud-local/cloud.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const SECOND = 1000;
const arn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
const redrive = (name: string, maxReceiveCount = 1) =>
  JSON.stringify({ deadLetterTargetArn: arn(name), maxReceiveCount });

async function attributes({ sqs }: TestCloud, QueueUrl: string): Promise<Record<string, string>> {
  const answer = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
  return answer.Attributes ?? {};
}

async function receive({ sqs }: TestCloud, QueueUrl: string): Promise<Message[]> {
  const answer = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ["All"],
    }),
  );
  return answer.Messages ?? [];
}

async function fill({ sqs }: TestCloud, QueueUrl: string, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 10) {
    const Entries = Array.from({ length: Math.min(10, count - sent) }, (_, n) => ({
      Id: `${n}`,
      MessageBody: `m${sent + n}`,
    }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  }
}

describe("sixty seconds", () => {
  test("pass between two purges of a queue, across a restart", async () => {
    const dir = await temporaryFolder();
    const clock = createFakeClock(Date.now());
    const first = await testCloud({ dir, clock });
    const QueueUrl = await makeQueue(first);
    await first.sqs.send(new PurgeQueueCommand({ QueueUrl }));
    await first.close();
    const cloud = await testCloud({ dir, clock });
    const again = () => cloud.sqs.send(new PurgeQueueCommand({ QueueUrl }));
    clock.advance(60 * SECOND - 1);
    await expect(again()).rejects.toMatchObject({
      name: "PurgeQueueInProgress",
      $metadata: { httpStatusCode: 403 },
    });
    clock.advance(1);
    await again();
  });

  test("pass between the end of a queue and a new one of its name", async () => {
    const clock = createFakeClock(Date.now());
    const cloud = await testCloud({ clock });
    const QueueUrl = await makeQueue(cloud);
    await cloud.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "old" }));
    await cloud.sqs.send(new DeleteQueueCommand({ QueueUrl }));
    clock.advance(60 * SECOND - 1);
    await expect(makeQueue(cloud)).rejects.toMatchObject({ name: "QueueDeletedRecently" });
    clock.advance(1);
    await makeQueue(cloud);
    expect(await receive(cloud, QueueUrl)).toEqual([]);
  });
});

describe("tags", () => {
  test("are set at creation and later, overwritten and taken off", async () => {
    const { sqs } = await testCloud();
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "q", tags: { a: "1", b: "2" } }));
    await sqs.send(new TagQueueCommand({ QueueUrl, Tags: { b: "3", c: "" } }));
    await sqs.send(new UntagQueueCommand({ QueueUrl, TagKeys: ["a", "none"] }));
    expect((await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags).toEqual({ b: "3", c: "" });
  });

  test.each([
    ["a reserved key", { "aws:x": "1" }],
    ["a long key", { ["k".repeat(129)]: "1" }],
    ["a long value", { k: "v".repeat(257) }],
    ["a strange character", { "k\u0007": "1" }],
    ["too many", Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, ""]))],
  ])("refuse %s", async (_, Tags) => {
    const cloud = await testCloud();
    const QueueUrl = await makeQueue(cloud);
    await expect(cloud.sqs.send(new TagQueueCommand({ QueueUrl, Tags }))).rejects.toMatchObject({
      name: "InvalidParameterValue",
    });
    expect((await cloud.sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags).toBeUndefined();
  });
});

describe("dead letters", () => {
  test("list the queues they come from, in pages", async () => {
    const cloud = await testCloud();
    const QueueUrl = await makeQueue(cloud, "dead");
    const RedrivePolicy = redrive("dead");
    const urls = [
      await makeQueue(cloud, "a", { RedrivePolicy }),
      await makeQueue(cloud, "b", { RedrivePolicy }),
    ];
    await makeQueue(cloud, "other");
    const list = (NextToken?: string, MaxResults?: number) =>
      cloud.sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl, NextToken, MaxResults }));
    expect(await list()).toMatchObject({ queueUrls: urls });
    const first = await list(undefined, 1);
    expect(first.queueUrls).toEqual(urls.slice(0, 1));
    const second = await list(first.NextToken, 1);
    expect([second.queueUrls, second.NextToken]).toEqual([urls.slice(1), undefined]);
  });

  test("come only from queues that the policy allows", async () => {
    const cloud = await testCloud();
    const QueueUrl = await makeQueue(cloud, "dead");
    const allow = (policy: object) =>
      cloud.sqs.send(
        new SetQueueAttributesCommand({
          QueueUrl,
          Attributes: { RedriveAllowPolicy: JSON.stringify(policy) },
        }),
      );
    const RedrivePolicy = redrive("dead");
    const refused = { name: "InvalidParameterValue" };
    await allow({ redrivePermission: "denyAll" });
    await expect(makeQueue(cloud, "a", { RedrivePolicy })).rejects.toMatchObject(refused);
    await allow({ redrivePermission: "byQueue", sourceQueueArns: [arn("a")] });
    await makeQueue(cloud, "a", { RedrivePolicy });
    await expect(makeQueue(cloud, "b", { RedrivePolicy })).rejects.toMatchObject(refused);
    await expect(allow({ redrivePermission: "allowAll", sourceQueueArns: [arn("a")] })).rejects.toMatchObject(
      refused,
    );
    await expect(allow({ redrivePermission: "some" })).rejects.toMatchObject(refused);
    const sourceQueueArns = Array.from({ length: 11 }, (_, n) => arn(`q${n}`));
    await expect(allow({ redrivePermission: "byQueue", sourceQueueArns })).rejects.toMatchObject(refused);
  });
});

/** `count` messages of queue "source" that have become dead letters. */
async function withDeadLetters(count: number) {
  const clock = createFakeClock(Date.now());
  const cloud = await testCloud({ clock });
  const dead = await makeQueue(cloud, "dead");
  const source = await makeQueue(cloud, "source", {
    RedrivePolicy: redrive("dead"),
    VisibilityTimeout: "1",
  });
  await fill(cloud, source, count);
  for (let taken = 0; taken < count; taken += 10) await receive(cloud, source);
  clock.advance(SECOND);
  expect(await receive(cloud, source)).toEqual([]);
  expect(await attributes(cloud, dead)).toMatchObject({ ApproximateNumberOfMessages: String(count) });
  const tasks = async () =>
    (await cloud.sqs.send(new ListMessageMoveTasksCommand({ SourceArn: arn("dead"), MaxResults: 10 })))
      .Results ?? [];
  return { clock, cloud, dead, source, tasks };
}

describe("message move tasks", () => {
  test("send dead letters back to where they came from, as new messages", async () => {
    const { cloud, dead, source, tasks, clock } = await withDeadLetters(25);
    clock.advance(SECOND);
    await cloud.sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arn("dead") }));
    await expect.poll(tasks).toMatchObject([
      {
        Status: "COMPLETED",
        SourceArn: arn("dead"),
        ApproximateNumberOfMessagesMoved: 25,
        ApproximateNumberOfMessagesToMove: 25,
        StartedTimestamp: clock.now(),
      },
    ]);
    expect(await attributes(cloud, dead)).toMatchObject({ ApproximateNumberOfMessages: "0" });
    const [message] = await receive(cloud, source);
    expect(message?.Attributes).toMatchObject({
      ApproximateReceiveCount: "1",
      SentTimestamp: String(clock.now()),
    });
    expect(message?.Attributes?.DeadLetterQueueSourceArn).toBeUndefined();
  });

  test("go at the rate that was asked for, one at a time, and can be cancelled", async () => {
    const { cloud, dead, tasks, clock } = await withDeadLetters(9);
    const other = await makeQueue(cloud, "other");
    const start = () =>
      cloud.sqs.send(
        new StartMessageMoveTaskCommand({
          SourceArn: arn("dead"),
          DestinationArn: arn("other"),
          MaxNumberOfMessagesPerSecond: 4,
        }),
      );
    const { TaskHandle } = await start();
    await expect
      .poll(tasks)
      .toMatchObject([{ TaskHandle, Status: "RUNNING", ApproximateNumberOfMessagesMoved: 4 }]);
    await expect(start()).rejects.toMatchObject({ name: "UnsupportedOperation" });
    clock.advance(SECOND);
    await expect.poll(tasks).toMatchObject([{ ApproximateNumberOfMessagesMoved: 8 }]);
    const cancel = () => cloud.sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    expect(await cancel()).toMatchObject({ ApproximateNumberOfMessagesMoved: 8 });
    expect(await tasks()).toMatchObject([{ Status: "CANCELLED", DestinationArn: arn("other") }]);
    await expect(cancel()).rejects.toMatchObject({ name: "UnsupportedOperation" });
    expect(await attributes(cloud, dead)).toMatchObject({ ApproximateNumberOfMessages: "1" });
    expect(await attributes(cloud, other)).toMatchObject({ ApproximateNumberOfMessages: "8" });
  });

  test("go on after a restart", async () => {
    const { cloud, clock } = await withDeadLetters(5);
    await cloud.sqs.send(
      new StartMessageMoveTaskCommand({ SourceArn: arn("dead"), MaxNumberOfMessagesPerSecond: 2 }),
    );
    await cloud.close();
    const again = await testCloud({ dir: cloud.dir, clock });
    const source = await makeQueue(again, "source");
    for (let second = 0; second < 3; second++) {
      await attributes(again, source);
      clock.advance(SECOND);
    }
    await expect.poll(() => attributes(again, source)).toMatchObject({ ApproximateNumberOfMessages: "5" });
  });

  test("fail openly when nobody knows where a message came from", async () => {
    const { cloud, dead, tasks } = await withDeadLetters(1);
    await receive(cloud, dead);
    await cloud.sqs.send(new SendMessageCommand({ QueueUrl: dead, MessageBody: "sent here" }));
    await cloud.sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arn("dead") }));
    await expect
      .poll(tasks)
      .toMatchObject([{ Status: "FAILED", FailureReason: "CouldNotDetermineMessageSource" }]);
  });

  test.each([
    [{ SourceArn: arn("none") }, "ResourceNotFoundException"],
    [{ SourceArn: arn("source") }, "InvalidParameterValue"],
    [{ SourceArn: arn("dead"), DestinationArn: arn("none") }, "ResourceNotFoundException"],
    [{ SourceArn: arn("dead"), DestinationArn: arn("dead") }, "InvalidParameterValue"],
    [{ SourceArn: arn("dead"), MaxNumberOfMessagesPerSecond: 501 }, "InvalidParameterValue"],
  ])("%o is refused", async (input, name) => {
    const cloud = await testCloud();
    await makeQueue(cloud, "dead");
    await makeQueue(cloud, "source", { RedrivePolicy: redrive("dead") });
    await expect(cloud.sqs.send(new StartMessageMoveTaskCommand(input))).rejects.toMatchObject({ name });
  });

  test("a handle that is none is refused", async () => {
    const { sqs } = await testCloud();
    await expect(sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle: "x" }))).rejects.toMatchObject({
      name: "InvalidParameterValue",
    });
  });
});

describe("attributes", () => {
  test("that mean nothing here are kept and told", async () => {
    const cloud = await testCloud();
    const Policy = '{"Version":"2012-10-17","Statement":[]}';
    const url = await makeQueue(cloud, "q", { Policy, KmsMasterKeyId: "alias/aws/sqs" });
    expect(await attributes(cloud, url)).toMatchObject({
      Policy,
      KmsMasterKeyId: "alias/aws/sqs",
      SqsManagedSseEnabled: "false",
    });
    const plain = await makeQueue(cloud, "plain");
    expect(await attributes(cloud, plain)).toMatchObject({ SqsManagedSseEnabled: "true" });
    await expect(makeQueue(cloud, "bad", { Policy: "{" })).rejects.toMatchObject({
      name: "InvalidAttributeValue",
    });
  });

  test("a queue is the same with the same policy, however it is written", async () => {
    const cloud = await testCloud();
    await makeQueue(cloud, "dead");
    const url = await makeQueue(cloud, "q", { RedrivePolicy: redrive("dead", 3) });
    const RedrivePolicy = `{ "maxReceiveCount": "3", "deadLetterTargetArn": "${arn("dead")}" }`;
    expect(await makeQueue(cloud, "q", { RedrivePolicy })).toBe(url);
    await expect(makeQueue(cloud, "q", { RedrivePolicy: redrive("dead", 4) })).rejects.toMatchObject({
      name: "QueueNameExists",
    });
  });
});
