import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { runningCloud } from "../../../cloud/local/folder.ts";
import { clientsOf, makeQueue, temporaryFolder, testCloud } from "./cloud.ts";
import { cloudProcess } from "./process.ts";

async function child(dir: string) {
  const cloud = await cloudProcess("--dir", dir);
  return { cloud, ...clientsOf(await runningCloud(dir)) };
}

async function drain(sqs: SQSClient, QueueUrl: string): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    if (Messages.length === 0) return bodies;
    bodies.push(...Messages.map((it) => it.Body ?? ""));
    const Entries = Messages.map((it) => ({ Id: it.MessageId, ReceiptHandle: it.ReceiptHandle }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
}

test("kill -9 while messages stream in: every acknowledged one is there, none twice", async () => {
  const dir = await temporaryFolder();
  const acknowledged: string[] = [];
  const tried = new Set<string>();
  for (let round = 0; round < 3; round++) {
    const { cloud, sqs } = await child(dir);
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "jobs" }));
    const enough = Promise.withResolvers<void>();
    const sendUntilDead = async (lane: number) => {
      for (let index = 0; ; index++) {
        const body = `${round}-${lane}-${index}`;
        tried.add(body);
        await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body }));
        acknowledged.push(body);
        if (acknowledged.length > 150 * (round + 1)) enough.resolve();
      }
    };
    const lanes = Array.from({ length: 8 }, (_, lane) => sendUntilDead(lane).catch(() => undefined));
    await enough.promise;
    await cloud.end("SIGKILL");
    await Promise.all(lanes);
    sqs.destroy();
  }
  const { sqs } = await child(dir);
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "jobs" }));
  const bodies = await drain(sqs, QueueUrl);
  expect(new Set(bodies).size).toBe(bodies.length);
  expect(acknowledged.filter((body) => !bodies.includes(body))).toEqual([]);
  expect(bodies.filter((body) => !tried.has(body))).toEqual([]);
  expect(acknowledged.length).toBeGreaterThan(450);
});

test("a restart keeps what is in flight, delayed, visible and deleted, and handles stay good", async () => {
  const dir = await temporaryFolder();
  const first = await testCloud({ dir });
  const QueueUrl = await makeQueue(first, "jobs", { VisibilityTimeout: "600" });
  for (const MessageBody of ["deleted", "held", "visible"]) {
    await first.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  }
  await first.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "delayed", DelaySeconds: 900 }));
  const { Messages } = await first.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 2 }));
  const [deleted, held] = Messages ?? [];
  await first.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: deleted?.ReceiptHandle }));
  await first.close();

  const second = await testCloud({ dir });
  const count = async () => {
    const { Attributes } = await second.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["All"] }),
    );
    return ["", "NotVisible", "Delayed"].map(
      (it) =>
        Object.entries(Attributes ?? {}).find(([name]) => name === `ApproximateNumberOfMessages${it}`)?.[1],
    );
  };
  const url = await makeQueue(second);
  expect(await count()).toEqual(["1", "1", "1"]);
  await second.sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: held?.ReceiptHandle }));
  expect(await count()).toEqual(["1", "0", "1"]);
});

test("a purge is complete at once and goes on in the background, over a restart too", async () => {
  const dir = await temporaryFolder();
  const first = await testCloud({ dir });
  const QueueUrl = await makeQueue(first);
  for (let batch = 0; batch < 120; batch++) {
    const Entries = Array.from({ length: 10 }, (_, index) => ({ Id: `m${index}`, MessageBody: "x" }));
    await first.sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  }
  await first.sqs.send(new PurgeQueueCommand({ QueueUrl }));
  expect((await first.sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toBeUndefined();
  await first.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "new" }));
  await first.close();
  const second = await testCloud({ dir });
  expect(await drain(second.sqs, await makeQueue(second))).toEqual(["new"]);
  expect([...first.reports, ...second.reports]).toEqual([]);
});

const text = async (s3: S3Client, Key: string) =>
  (await s3.send(new GetObjectCommand({ Bucket: "results", Key }))).Body?.transformToString();

test("kill -9 while one object is overwritten: it is always one of the versions, whole, and no file is left over", async () => {
  const dir = await temporaryFolder();
  const size = 300_000; // a file, not a row
  const version = (n: number) => String.fromCharCode(97 + (n % 26)).repeat(size);
  let acknowledged = 0;
  for (let round = 0; round < 3; round++) {
    const { cloud, s3 } = await child(dir);
    await s3.send(new CreateBucketCommand({ Bucket: "results" }));
    const upload = async () => {
      for (let n = acknowledged + 1; ; n++) {
        await s3.send(new PutObjectCommand({ Bucket: "results", Key: "k", Body: version(n) }));
        acknowledged = n;
        if (n % 7 === 0) void cloud.end("SIGKILL");
      }
    };
    await upload().catch(() => undefined);
    s3.destroy();
    await cloud.end("SIGKILL");
  }
  expect(acknowledged).toBeGreaterThanOrEqual(21);
  const { s3 } = await child(dir);
  // The last upload was cut off: its version, or the one that was acknowledged.
  expect([version(acknowledged), version(acknowledged + 1)]).toContain(await text(s3, "k"));
  expect(await readdir(join(dir, "objects"))).toHaveLength(1);
});

test("small and large objects survive a restart; files that no object names are swept", async () => {
  const dir = await temporaryFolder();
  const first = await testCloud({ dir, provision: { buckets: ["results"] } });
  const large = "L".repeat(200_000);
  const put = (Key: string, Body: string) =>
    first.s3.send(new PutObjectCommand({ Bucket: "results", Key, Body }));
  await Promise.all([put("small", "s"), put("large", large), put("gone", large), put("replaced", large)]);
  await put("replaced", "now small");
  await first.s3.send(new DeleteObjectCommand({ Bucket: "results", Key: "gone" }));
  await first.close();
  await writeFile(join(dir, "objects", "orphan"), "left by a crash");
  const second = await testCloud({ dir });
  expect(await Promise.all(["small", "large", "replaced"].map((key) => text(second.s3, key)))).toEqual([
    "s",
    large,
    "now small",
  ]);
  await expect(text(second.s3, "gone")).rejects.toMatchObject({ name: "NoSuchKey" });
  expect(await readdir(join(dir, "objects"))).toHaveLength(1);
});
