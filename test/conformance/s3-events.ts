import assert from "node:assert/strict";
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  type QueueConfiguration,
} from "@aws-sdk/client-s3";
import { DeleteMessageCommand, ReceiveMessageCommand, SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { refused } from "./assertions.ts";
import { s3Api, s3Guide, type Check } from "./check.ts";
import type { Queue, World } from "./world.ts";

const configure = s3Api("API_PutBucketNotificationConfiguration");
const types = s3Guide("notification-how-to-event-types-and-destinations");
const filters = s3Guide("notification-how-to-filtering");
const structure = s3Guide("notification-content-structure");

interface EventRecord {
  eventVersion: string;
  eventSource: string;
  eventName: string;
  awsRegion: string;
  eventTime: string;
  s3: {
    configurationId: string;
    bucket: { name: string; arn: string };
    object: { key: string; size?: number; eTag?: string; sequencer: string };
  };
}

/** S3 may send to this queue. */
async function eventQueue(w: World): Promise<Queue> {
  const queue = await w.makeQueue();
  const Policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "s3.amazonaws.com" },
        Action: "sqs:SendMessage",
        Resource: queue.arn,
      },
    ],
  });
  await w.sqs.send(new SetQueueAttributesCommand({ QueueUrl: queue.url, Attributes: { Policy } }));
  return queue;
}

const set = (w: World, Bucket: string, QueueConfigurations: QueueConfiguration[]) =>
  w.s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket,
      NotificationConfiguration: { QueueConfigurations },
    }),
  );

/** Messages as JSON, until there are `count` or none comes for the length of a long poll. */
async function messages(w: World, QueueUrl: string, count: number, WaitTimeSeconds = 20): Promise<unknown[]> {
  const found: unknown[] = [];
  while (found.length < count) {
    const command = new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds, MaxNumberOfMessages: 10 });
    const { Messages = [] } = await w.sqs.send(command);
    if (Messages.length === 0) break;
    for (const { Body = "", ReceiptHandle } of Messages) {
      found.push(JSON.parse(Body));
      await w.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
  return found;
}

async function records(w: World, queue: Queue, count: number): Promise<EventRecord[]> {
  const found = await messages(w, queue.url, count);
  return found.flatMap((it) => (it as { Records?: EventRecord[] }).Records ?? []);
}

/** A bucket whose events of these kinds go to a queue that has got its test event. */
async function watched(w: World, Events: string[], more: Partial<QueueConfiguration> = {}) {
  const [queue, Bucket] = [await eventQueue(w), await w.makeBucket()];
  await set(w, Bucket, [{ QueueArn: queue.arn, Events: Events as "s3:ObjectCreated:*"[], ...more }]);
  const [test] = await messages(w, queue.url, 1);
  return { queue, Bucket, test: test as Record<string, string> };
}

export const s3EventChecks: readonly Check[] = [
  s3Guide("how-to-enable-disable-notification-intro")(
    "s3-event-test",
    "A queue that is configured gets a test event.",
    async (w) => {
      const { Bucket, test } = await watched(w, ["s3:ObjectCreated:*"]);
      assert.deepEqual(
        [test["Service"], test["Event"], test["Bucket"]],
        ["Amazon S3", "s3:TestEvent", Bucket],
      );
    },
  ),
  structure("s3-event-created", "An upload is told with key, size, ETag and a sequencer.", async (w) => {
    const { queue, Bucket } = await watched(w, ["s3:ObjectCreated:*"], { Id: "mine" });
    const Key = "a folder/ü+1.txt";
    const { ETag = "" } = await w.s3.send(new PutObjectCommand({ Bucket, Key, Body: "hello" }));
    const [record] = await records(w, queue, 1);
    assert.deepEqual([record?.eventSource, record?.eventName], ["aws:s3", "ObjectCreated:Put"]);
    assert.deepEqual([record?.awsRegion, record?.s3.configurationId], [w.region, "mine"]);
    assert.match(record?.eventVersion ?? "", /^2\.\d+$/);
    assert.deepEqual([record?.s3.bucket.name, record?.s3.bucket.arn], [Bucket, `arn:aws:s3:::${Bucket}`]);
    const { key, size, eTag, sequencer } = record?.s3.object ?? { key: "", sequencer: "" };
    assert.deepEqual([key, size, eTag], ["a+folder/%C3%BC%2B1.txt", 5, ETag.replaceAll('"', "")]);
    assert.match(sequencer, /^[0-9A-F]+$/);
  }),
  types("s3-event-kinds", "Copies, removals and uploads are told by their own names.", async (w) => {
    const { queue, Bucket } = await watched(w, ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]);
    await w.s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "v" }));
    await w.s3.send(new CopyObjectCommand({ Bucket, Key: "b", CopySource: `${Bucket}/a` }));
    await w.s3.send(new DeleteObjectCommand({ Bucket, Key: "a" }));
    const told = (await records(w, queue, 3)).map((it) => `${it.eventName} ${it.s3.object.key}`);
    assert.deepEqual(told.toSorted(), [
      "ObjectCreated:Copy b",
      "ObjectCreated:Put a",
      "ObjectRemoved:Delete a",
    ]);
  }),
  types("s3-event-only", "Only the kinds that were asked for are told.", async (w) => {
    const { queue, Bucket } = await watched(w, ["s3:ObjectRemoved:Delete"]);
    await w.s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "v" }));
    await w.s3.send(new DeleteObjectCommand({ Bucket, Key: "a" }));
    assert.deepEqual(
      (await records(w, queue, 1)).map((it) => it.eventName),
      ["ObjectRemoved:Delete"],
    );
  }),
  filters("s3-event-filter", "Prefix and suffix choose the keys that are told.", async (w) => {
    const FilterRules = [
      { Name: "prefix" as const, Value: "images/" },
      { Name: "suffix" as const, Value: ".jpg" },
    ];
    const { queue, Bucket } = await watched(w, ["s3:ObjectCreated:*"], { Filter: { Key: { FilterRules } } });
    for (const Key of ["images/a.png", "other/a.jpg", "images/a.jpg"])
      await w.s3.send(new PutObjectCommand({ Bucket, Key, Body: "v" }));
    assert.deepEqual(
      (await records(w, queue, 1)).map((it) => it.s3.object.key),
      ["images/a.jpg"],
    );
  }),
  structure(
    "s3-event-sequence",
    "Of two events of one key the later has the greater sequencer.",
    async (w) => {
      const { queue, Bucket } = await watched(w, ["s3:ObjectCreated:*"]);
      for (const Body of ["1", "22"]) await w.s3.send(new PutObjectCommand({ Bucket, Key: "a", Body }));
      const found = (await records(w, queue, 2)).map((it) => it.s3.object);
      const [first, second] = found.toSorted((a, b) => (a.size ?? 0) - (b.size ?? 0));
      const width = Math.max(first?.sequencer.length ?? 0, second?.sequencer.length ?? 0);
      assert.ok((first?.sequencer.padEnd(width, "0") ?? "") < (second?.sequencer.padEnd(width, "0") ?? ""));
    },
  ),
  s3Api("API_GetBucketNotificationConfiguration")(
    "s3-event-configuration",
    "The configuration can be read back, and an empty one turns events off.",
    async (w) => {
      const { queue, Bucket } = await watched(w, ["s3:ObjectCreated:Put"], { Id: "mine" });
      const read = () => w.s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
      const [rule] = (await read()).QueueConfigurations ?? [];
      assert.deepEqual(
        [rule?.Id, rule?.QueueArn, rule?.Events],
        ["mine", queue.arn, ["s3:ObjectCreated:Put"]],
      );
      await set(w, Bucket, []);
      assert.equal((await read()).QueueConfigurations, undefined);
      await w.s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "v" }));
      assert.deepEqual(await messages(w, queue.url, 1, 1), []);
    },
  ),
  configure("s3-event-no-queue", "A queue that is not there is InvalidArgument.", async (w) => {
    const [queue, Bucket] = [await eventQueue(w), await w.makeBucket()];
    const rule = { QueueArn: `${queue.arn}-none`, Events: ["s3:ObjectCreated:*" as const] };
    await refused(set(w, Bucket, [rule]), "InvalidArgument", 400);
  }),
  configure("s3-event-overlap", "Two rules that could tell of one event are InvalidArgument.", async (w) => {
    const [queue, Bucket] = [await eventQueue(w), await w.makeBucket()];
    const rule = { QueueArn: queue.arn, Events: ["s3:ObjectCreated:*" as const] };
    await refused(
      set(w, Bucket, [rule, { ...rule, Events: ["s3:ObjectCreated:Put"] }]),
      "InvalidArgument",
      400,
    );
  }),
];
