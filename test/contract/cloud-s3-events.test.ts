import {
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import {
  DeleteMessageBatchCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { expect, onTestFinished, test } from "vitest";
import { loadSecrets } from "../../cloud/local/folder.ts";
import { clientsOf, temporaryFolder } from "../unit/cloud-local/cloud.ts";
import { cloudProcess } from "../unit/cloud-local/process.ts";

// What AWS documents of events is asked by test/conformance. Here: no effect without its event, whatever ends.

const Bucket = "results";
const QueueArn = "arn:aws:sqs:us-east-1:000000000000:events";

async function open(dir: string) {
  const process = await cloudProcess("--dir", dir, "--bucket", Bucket, "--queue", "events");
  const clients = clientsOf({ ...process.ready, credentials: await loadSecrets(dir) });
  onTestFinished(() => {
    clients.s3.destroy();
    clients.sqs.destroy();
  });
  return { ...process, ...clients };
}

interface Told {
  eventName: string;
  s3: { object: { key: string; sequencer: string } };
}

/** Every event in the queue. */
async function drain(sqs: SQSClient): Promise<Told[]> {
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: "events" }));
  const told: Told[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 }),
    );
    if (Messages.length === 0) return told;
    told.push(
      ...Messages.flatMap(({ Body = "" }) => (JSON.parse(Body) as { Records?: Told[] }).Records ?? []),
    );
    const Entries = Messages.map(({ ReceiptHandle }, n) => ({ Id: `${n}`, ReceiptHandle }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
}

async function keysOf(s3: S3Client): Promise<string[]> {
  const keys: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken }));
    keys.push(...(page.Contents ?? []).map(({ Key = "" }) => Key));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  return keys;
}

test("kill -9 while objects come and go: an event for each effect, and an effect for each event", async () => {
  const dir = await temporaryFolder();
  const first = await open(dir);
  const QueueConfigurations = [
    { QueueArn, Events: ["s3:ObjectCreated:*" as const, "s3:ObjectRemoved:*" as const] },
  ];
  await first.s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket,
      NotificationConfiguration: { QueueConfigurations },
    }),
  );
  let done = 0;
  const killed = Promise.withResolvers<void>();
  const worker = async (name: string) => {
    for (let n = 0; ; n++) {
      const Key = `${name}-${n}`;
      const Body = n % 3 === 0 ? "x".repeat(100_000) : "small";
      await first.s3.send(new PutObjectCommand({ Bucket, Key, Body }));
      if (n % 2 === 0) await first.s3.send(new DeleteObjectCommand({ Bucket, Key }));
      if (++done === 100) killed.resolve();
    }
  };
  const ended = Promise.allSettled(["a", "b", "c", "d"].map(worker));
  await killed.promise;
  await first.end("SIGKILL");
  await ended;

  const second = await open(dir);
  const told = await drain(second.sqs);
  const expected = new Set<string>();
  for (const { eventName, s3 } of told.toSorted(bySequence)) {
    if (eventName === "ObjectCreated:Put") expected.add(s3.object.key);
    else expect(expected.delete(s3.object.key), s3.object.key).toBe(true);
  }
  expect([...expected].toSorted()).toEqual((await keysOf(second.s3)).toSorted());
  expect(told.length).toBeGreaterThanOrEqual(100);
  expect(new Set(told.map((it) => it.s3.object.sequencer)).size).toBe(told.length);
});

const bySequence = (a: Told, b: Told) => (a.s3.object.sequencer < b.s3.object.sequencer ? -1 : 1);
