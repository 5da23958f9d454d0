import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  type SendMessageBatchRequestEntry,
} from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { makeQueue, testCloud, type TestCloud } from "../unit/cloud-local/cloud.ts";

const KIB = 1024;

async function start(attributes: Record<string, string> = {}) {
  const cloud = await testCloud();
  return { cloud, sqs: cloud.sqs, QueueUrl: await makeQueue(cloud, "jobs", attributes) };
}

describe("queues", () => {
  test("are created once, and again only with the same attributes", async () => {
    const { cloud, sqs, QueueUrl } = await start({ VisibilityTimeout: "60" });
    expect(await makeQueue(cloud, "jobs", { VisibilityTimeout: "60" })).toBe(QueueUrl);
    expect(await makeQueue(cloud, "jobs")).toBe(QueueUrl);
    await expect(makeQueue(cloud, "jobs", { VisibilityTimeout: "61" })).rejects.toMatchObject({
      name: "QueueNameExists",
    });
    expect(await sqs.send(new GetQueueUrlCommand({ QueueName: "jobs" }))).toMatchObject({ QueueUrl });
  });

  test("that do not exist are told by AWS's name", async () => {
    const { sqs, QueueUrl } = await start();
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    const gone = { name: "QueueDoesNotExist" };
    await expect(sqs.send(new GetQueueUrlCommand({ QueueName: "jobs" }))).rejects.toMatchObject(gone);
    await expect(sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "m" }))).rejects.toMatchObject(
      gone,
    );
  });

  test("deleting one tells those who wait at it", async () => {
    const { sqs, QueueUrl } = await start();
    const waiting = expect(
      sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 })),
    ).rejects.toMatchObject({ name: "QueueDoesNotExist" });
    await sqs.send(new GetQueueUrlCommand({ QueueName: "jobs" }));
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    await waiting;
  });

  test("are listed by prefix, in pages", async () => {
    const { cloud, sqs } = await start();
    for (const name of ["a-3", "a-1", "b-1", "a-2"]) await makeQueue(cloud, name);
    const names: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: "a-", MaxResults: 2, NextToken }));
      names.push(...(page.QueueUrls ?? []).map((url) => url.split("/").at(-1) ?? ""));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(names).toEqual(["a-1", "a-2", "a-3"]);
  });

  test("have attributes that can be read by name and changed within limits", async () => {
    const { sqs, QueueUrl } = await start();
    const set = (Attributes: Record<string, string>) =>
      sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
    await set({
      VisibilityTimeout: "43200",
      DelaySeconds: "900",
      MessageRetentionPeriod: "60",
      ReceiveMessageWaitTimeSeconds: "20",
      MaximumMessageSize: "1024",
    });
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl,
        AttributeNames: ["VisibilityTimeout", "QueueArn", "MaximumMessageSize", "Policy"],
      }),
    );
    expect(Attributes).toEqual({
      VisibilityTimeout: "43200",
      QueueArn: "arn:aws:sqs:us-east-1:000000000000:jobs",
      MaximumMessageSize: "1024",
    });
    for (const bad of [
      { VisibilityTimeout: "43201" },
      { DelaySeconds: "901" },
      { MessageRetentionPeriod: "59" },
      { VisibilityTimeout: "x" },
      { MaximumMessageSize: "1048577" },
    ]) {
      await expect(set(bad)).rejects.toMatchObject({ name: "InvalidAttributeValue" });
    }
    await expect(set({ Colour: "red" })).rejects.toMatchObject({ name: "InvalidAttributeName" });
    for (const RedrivePolicy of [
      "{",
      "{}",
      JSON.stringify({ deadLetterTargetArn: "arn:aws:sqs:us-east-1:000000000000:none", maxReceiveCount: 3 }),
    ]) {
      await expect(set({ RedrivePolicy })).rejects.toMatchObject({ name: "InvalidParameterValue" });
    }
  });

  test.each(["", "a b", "a/b", "x".repeat(81)])("cannot be called %j", async (QueueName) => {
    const { sqs } = await testCloud();
    await expect(sqs.send(new CreateQueueCommand({ QueueName }))).rejects.toMatchObject({
      name: expect.stringMatching(/InvalidParameterValue|MissingParameter/),
    });
  });

  test("that are purged are empty at once", async () => {
    const { sqs, QueueUrl } = await start();
    for (const MessageBody of ["a", "b"]) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
    );
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: "0",
      ApproximateNumberOfMessagesNotVisible: "0",
    });
  });
});

describe("messages", () => {
  test("come back as they were sent; the SDK checks their digests", async () => {
    const { sqs, QueueUrl } = await start();
    const MessageBody = '<?xml version="1.0"?>\n<request>\t"é \u{1F600}" & \u2028</request>';
    const MessageAttributes = {
      Zeta: { DataType: "String", StringValue: "zwölf" },
      alpha: { DataType: "Number.int", StringValue: "12" },
      "mid.dle": { DataType: "Binary.png", BinaryValue: Buffer.from([0, 255, 10]) },
    };
    const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }));
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ["All"], VisibilityTimeout: 0 }),
    );
    expect(Messages).toHaveLength(1);
    const [message] = Messages ?? [];
    expect(message).toMatchObject({
      MessageId: sent.MessageId,
      Body: MessageBody,
      MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
    });
    expect(message?.MessageAttributes?.["Zeta"]).toEqual({ DataType: "String", StringValue: "zwölf" });
    expect([...(message?.MessageAttributes?.["mid.dle"]?.BinaryValue ?? [])]).toEqual([0, 255, 10]);
    expect(message?.Attributes).toBeUndefined();
    const some = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ["mid.*", "alpha"] }),
    );
    expect(Object.keys(some.Messages?.[0]?.MessageAttributes ?? {}).toSorted()).toEqual(["alpha", "mid.dle"]);
  });

  test("the digest of attributes is AWS's", async () => {
    const { sqs, QueueUrl } = await start();
    // Computed by botocore's documentation example of the algorithm, one string attribute.
    const MessageAttributes = { timestamp: { DataType: "Number", StringValue: "1493147359900" } };
    const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "m", MessageAttributes }));
    expect(sent.MD5OfMessageAttributes).toBe("235c5c510d26fb653d073faed50ae77c");
  });

  test("come in the order in which they became visible, ten at most", async () => {
    const { sqs, QueueUrl } = await start();
    for (let n = 0; n < 12; n++) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: `m${n}` }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    expect(Messages?.map((it) => it.Body)).toEqual(Array.from({ length: 10 }, (_, n) => `m${n}`));
    await expect(
      sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 11 })),
    ).rejects.toMatchObject({ name: "InvalidParameterValue" });
    await expect(
      sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 21 })),
    ).rejects.toMatchObject({ name: "InvalidParameterValue" });
  });

  test.each(["\u0000", "a\u001bb", "\ufffe"])(
    "with %j are refused: XML could not carry them",
    async (MessageBody) => {
      const { sqs, QueueUrl } = await start();
      await expect(sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }))).rejects.toMatchObject({
        name: "InvalidMessageContents",
      });
    },
  );

  test("may have 1 MiB with their attributes, and not a byte more", async () => {
    const { sqs, QueueUrl } = await start();
    const MessageAttributes = { a: { DataType: "String", StringValue: "v" } };
    const fits = "x".repeat(KIB * KIB - "aStringv".length);
    const send = (MessageBody: string) =>
      sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }));
    await send(fits);
    await expect(send(`${fits}x`)).rejects.toMatchObject({ name: "InvalidParameterValue" });
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    expect(Messages?.[0]?.Body).toBe(fits);
  });
});

const batch = (cloud: TestCloud, QueueUrl: string, Entries: SendMessageBatchRequestEntry[]) =>
  cloud.sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));

const entries = (count: number, MessageBody = "m") =>
  Array.from({ length: count }, (_, n) => ({ Id: `${n}`, MessageBody }));

describe("batches", () => {
  test("report each entry on its own", async () => {
    const { cloud, sqs, QueueUrl } = await start();
    const sent = await batch(cloud, QueueUrl, [
      { Id: "good", MessageBody: "m" },
      { Id: "bad", MessageBody: "\u0001" },
    ]);
    expect(sent.Successful?.map((it) => it.Id)).toEqual(["good"]);
    expect(sent.Failed).toMatchObject([{ Id: "bad", Code: "InvalidMessageContents", SenderFault: true }]);
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    const gone = await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: [
          { Id: "0", ReceiptHandle: Messages?.[0]?.ReceiptHandle },
          { Id: "1", ReceiptHandle: "garbage" },
        ],
      }),
    );
    expect(gone.Successful?.map((it) => it.Id)).toEqual(["0"]);
    expect(gone.Failed).toMatchObject([{ Id: "1", Code: "ReceiptHandleIsInvalid", SenderFault: true }]);
  });

  test("are refused as a whole when they are none", async () => {
    const { cloud, sqs, QueueUrl } = await start();
    await expect(batch(cloud, QueueUrl, [])).rejects.toMatchObject({ name: "EmptyBatchRequest" });
    await expect(batch(cloud, QueueUrl, entries(11))).rejects.toMatchObject({
      name: "TooManyEntriesInBatchRequest",
    });
    await expect(batch(cloud, QueueUrl, [...entries(1), ...entries(1)])).rejects.toMatchObject({
      name: "BatchEntryIdsNotDistinct",
    });
    await expect(batch(cloud, QueueUrl, [{ Id: "a b", MessageBody: "m" }])).rejects.toMatchObject({
      name: "InvalidBatchEntryId",
    });
    await expect(batch(cloud, QueueUrl, entries(9, "x".repeat(120 * KIB)))).rejects.toMatchObject({
      name: "BatchRequestTooLong",
    });
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    expect(Messages).toBeUndefined();
  });
});
