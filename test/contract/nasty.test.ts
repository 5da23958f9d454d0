import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
  type Message,
} from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import {
  PutAttributesCommand,
  CreateDomainCommand,
  GetAttributesCommand,
} from "../../cloud/aws/simpledb/commands.ts";
import { SimpleDBClient } from "../../cloud/aws/simpledb/client.ts";
import { createFaults, faultNames, type FaultName } from "../../cloud/local/nasty/faults.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { clientsOf, makeQueue, testCloud } from "../unit/cloud-local/cloud.ts";

/** A cloud where these faults happen, with clients that do not try again by themselves. */
async function nastyCloud(rates: Partial<Record<FaultName, number>>, seed = 1) {
  const clock = createFakeClock(Date.now());
  const cloud = await testCloud({
    clock,
    nasty: { seed, rates },
    provision: { queues: [{ name: "q" }], buckets: ["bucket"] },
  });
  const { endpoint, region, credentials } = cloud;
  const config = { endpoint, region, credentials, maxAttempts: 1 };
  const url = `${endpoint}/000000000000/q`;
  const sqs = new SQSClient(config);
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  return { clock, cloud, url, sqs, s3, config };
}

const send = (sqs: SQSClient, QueueUrl: string, MessageBody = "m") =>
  sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));

async function receive(sqs: SQSClient, QueueUrl: string, max = 1): Promise<Message[]> {
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: max }));
  return Messages;
}

async function stored(sqs: SQSClient, QueueUrl: string): Promise<number> {
  const AttributeNames = ["All" as const];
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
  return ["", "NotVisible", "Delayed"].reduce(
    (sum, end) => sum + Number(Attributes?.[`ApproximateNumberOfMessages${end}` as keyof typeof Attributes]),
    0,
  );
}

test("off by default: nothing ever goes wrong", async () => {
  const cloud = await testCloud();
  const url = await makeQueue(cloud);
  for (let n = 0; n < 20; n++) await send(cloud.sqs, url);
  expect(await receive(cloud.sqs, url, 10)).toHaveLength(10);
  expect(Object.values(cloud.faultCounts()).every((count) => count === 0)).toBe(true);
});

describe("each fault fires, is counted, and looks as it does on AWS:", () => {
  test("lost-response: the effect stays, the connection is reset", async () => {
    const { cloud, sqs, url } = await nastyCloud({ "lost-response": 1 });
    await expect(send(sqs, url)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(cloud.faultCounts()).toMatchObject({ "lost-response": 1 });
    await cloud.close();
    const again = await testCloud({ dir: cloud.dir });
    expect(await stored(again.sqs, `${again.endpoint}/000000000000/q`)).toBe(1);
  });

  test("lost-response of a receive: the message stays hidden, as it does when the network loses it", async () => {
    const { cloud, sqs, url } = await nastyCloud({ "lost-response": 0.5 }, 3);
    const sends = await Promise.allSettled(Array.from({ length: 8 }, () => send(sqs, url)));
    const receives = await Promise.allSettled(Array.from({ length: 8 }, () => receive(sqs, url)));
    expect(sends.some((it) => it.status === "rejected")).toBe(true);
    const lost = receives.filter((it) => it.status === "rejected").length;
    expect(lost).toBeGreaterThan(0);
    await cloud.close();
    const again = await testCloud({ dir: cloud.dir });
    const { Attributes } = await again.sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: `${again.endpoint}/000000000000/q`,
        AttributeNames: ["All"],
      }),
    );
    expect(Attributes).toMatchObject({ ApproximateNumberOfMessagesNotVisible: "8" });
  });

  test("throttle: RequestThrottled or Throttling, SlowDown, ServiceUnavailable; nothing done", async () => {
    const { cloud, sqs, s3, url, config } = await nastyCloud({ throttle: 1 });
    const names = new Set<string>();
    for (let n = 0; n < 20; n++) {
      await send(sqs, url).catch((error: Error & { $retryable?: object }) => names.add(error.name));
    }
    expect([...names].toSorted()).toEqual(["RequestThrottled", "Throttling"]);
    const put = s3.send(new PutObjectCommand({ Bucket: "bucket", Key: "k", Body: "x".repeat(100_000) }));
    await expect(put).rejects.toMatchObject({
      name: expect.stringMatching(/^(SlowDown|ServiceUnavailable)$/),
      $metadata: { httpStatusCode: 503 },
    });
    const simple = new SimpleDBClient(config);
    await expect(simple.send(new CreateDomainCommand({ DomainName: "domain" }))).rejects.toMatchObject({
      name: "ServiceUnavailable",
      $metadata: { httpStatusCode: 503 },
    });
    expect(cloud.faultCounts().throttle).toBe(22);
  });

  test("throttle: the SDK's own retries get through", async () => {
    const { cloud, url } = await nastyCloud({ throttle: 0.1, "server-error": 0.2, "lost-response": 0.1 }, 5);
    const patient = clientsOf(cloud, 12).sqs;
    await Promise.all(Array.from({ length: 20 }, () => send(patient, url)));
    const counts = cloud.faultCounts();
    expect(counts.throttle * counts["server-error"] * counts["lost-response"]).toBeGreaterThan(0);
    patient.destroy();
  });

  test("server-error: 500 in each service's own words", async () => {
    const { cloud, sqs, s3, url } = await nastyCloud({ "server-error": 1 });
    await expect(send(sqs, url)).rejects.toMatchObject({
      name: "InternalFailure",
      $metadata: { httpStatusCode: 500 },
    });
    await expect(s3.send(new CreateBucketCommand({ Bucket: "new-bucket" }))).rejects.toMatchObject({
      name: "InternalError",
      $metadata: { httpStatusCode: 500 },
    });
    expect(cloud.faultCounts()["server-error"]).toBe(2);
  });

  test("delay: the request waits on the cloud's clock", async () => {
    const { cloud, sqs, url, clock } = await nastyCloud({ delay: 1 });
    await send(sqs, url);
    expect(cloud.faultCounts().delay).toBe(1);
    expect(clock.slept).toEqual([expect.closeTo(100, -2.4)]);
  });

  test("duplicate: one message, two receivers; either may finish it", async () => {
    const { cloud, sqs, url, clock } = await nastyCloud({ duplicate: 1 });
    const { MessageId } = await send(sqs, url);
    const [first] = await receive(sqs, url);
    clock.advance(1);
    const [second] = await receive(sqs, url);
    expect([first?.MessageId, second?.MessageId]).toEqual([MessageId, MessageId]);
    expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle);
    expect(cloud.faultCounts().duplicate).toBe(2);
    for (const one of [first, second]) {
      await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: one?.ReceiptHandle }));
    }
    expect(await stored(sqs, url)).toBe(0);
  });

  test("reorder: all of them come, in another order", async () => {
    const { cloud, sqs, url } = await nastyCloud({ reorder: 1 });
    const sent = Array.from({ length: 9 }, (_, n) => `${n}`);
    for (const body of sent) await send(sqs, url, body);
    const got = (await receive(sqs, url, 10)).map((it) => it.Body ?? "");
    expect(got.toSorted((a, b) => Number(a) - Number(b))).toEqual(sent);
    expect(got).not.toEqual(sent);
    expect(cloud.faultCounts().reorder).toBe(1);
  });

  test("empty-receive: a short poll finds nothing, a long poll always finds it", async () => {
    const { cloud, sqs, url } = await nastyCloud({ "empty-receive": 1 });
    await send(sqs, url);
    expect(await receive(sqs, url)).toEqual([]);
    expect(cloud.faultCounts()["empty-receive"]).toBe(1);
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 1 }));
    expect(Messages).toHaveLength(1);
  });

  test("late-visibility: it appears within two seconds", async () => {
    const { cloud, sqs, url, clock } = await nastyCloud({ "late-visibility": 1 });
    await send(sqs, url);
    expect(await receive(sqs, url)).toEqual([]);
    clock.advance(2000);
    expect(await receive(sqs, url)).toHaveLength(1);
    expect(cloud.faultCounts()["late-visibility"]).toBe(1);
  });

  test("lenient-visibility: an old handle is answered with success, and does nothing", async () => {
    const { cloud, sqs, url, clock } = await nastyCloud({ "lenient-visibility": 1 });
    await send(sqs, url);
    const [first] = await receive(sqs, url);
    clock.advance(30_000);
    const hide = { QueueUrl: url, ReceiptHandle: first?.ReceiptHandle, VisibilityTimeout: 60 };
    await sqs.send(new ChangeMessageVisibilityCommand(hide));
    expect(cloud.faultCounts()["lenient-visibility"]).toBe(1);
    expect(await receive(sqs, url)).toHaveLength(1);
  });

  test("conflict: a conditional write ends with 409, nothing written", async () => {
    const { cloud, s3 } = await nastyCloud({ conflict: 1 });
    const put = (more = {}) =>
      s3.send(new PutObjectCommand({ Bucket: "bucket", Key: "k", Body: "v", ...more }));
    await expect(put({ IfNoneMatch: "*" })).rejects.toMatchObject({
      name: "ConditionalRequestConflict",
      $metadata: { httpStatusCode: 409 },
    });
    expect(cloud.faultCounts().conflict).toBe(1);
    const get = s3.send(new GetObjectCommand({ Bucket: "bucket", Key: "k" }));
    await expect(get).rejects.toMatchObject({ name: "NoSuchKey" });
    await put();
  });

  test("stale-read: without ConsistentRead a read may see what was, for two seconds", async () => {
    const { cloud, config, clock } = await nastyCloud({ "stale-read": 1 });
    const simple = new SimpleDBClient(config);
    await simple.send(new CreateDomainCommand({ DomainName: "domain" }));
    const item = { DomainName: "domain", ItemName: "i" };
    const put = (Value: string) =>
      simple.send(new PutAttributesCommand({ ...item, Attributes: [{ Name: "a", Value, Replace: true }] }));
    const get = async (ConsistentRead?: boolean) =>
      (await simple.send(new GetAttributesCommand({ ...item, ConsistentRead }))).Attributes?.[0]?.Value;
    await put("old");
    expect(await get()).toBe("old");
    await put("new");
    expect([await get(), await get(true)]).toEqual(["old", "new"]);
    expect(cloud.faultCounts()["stale-read"]).toBe(1);
    clock.advance(2001);
    expect(await get()).toBe("new");
  });
});

describe("what AWS promises holds all the same:", () => {
  test("FIFO queues keep order and never deliver twice by chance", async () => {
    const quiet = new Set<string>(["lost-response", "throttle", "server-error", "delay"]);
    const rates = Object.fromEntries(faultNames.filter((it) => !quiet.has(it)).map((it) => [it, 1]));
    const { cloud, sqs } = await nastyCloud(rates);
    const url = await makeQueue(cloud, "f.fifo", { FifoQueue: "true", ContentBasedDeduplication: "true" });
    const sent = Array.from({ length: 8 }, (_, n) => `${n}`);
    for (const MessageBody of sent) {
      await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody, MessageGroupId: "g" }));
    }
    expect((await receive(sqs, url, 10)).map((it) => it.Body)).toEqual(sent);
    expect(await receive(sqs, url, 10)).toEqual([]);
  });
});

function draw(seed: number): boolean[] {
  const faults = createFaults({ seed, rates: { delay: 0.3, throttle: 0.5 } });
  return Array.from({ length: 200 }, (_, n) => faults.strikes(n % 3 === 0 ? "delay" : "throttle"));
}

test("the same seed brings the same faults, another one others", () => {
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  const struck = draw(7).filter(Boolean).length;
  expect(struck).toBeGreaterThan(60);
  expect(struck).toBeLessThan(120);
});
