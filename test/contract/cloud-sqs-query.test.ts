import { createHash } from "node:crypto";
import { XMLParser } from "fast-xml-parser";
import { describe, expect, test } from "vitest";
import { makeQueue, testCloud, type TestCloud } from "../unit/cloud-local/cloud.ts";
import { errorCode, exchange, raw, type RawAnswer } from "../unit/cloud-local/raw.ts";

// The SQS API reference, "Making Query API requests using HTTP", and the request and response examples of each
// action in its version of the query protocol, say what these requests and answers look like.

const FORM = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
const VERSION = "2012-11-05";

function post(
  cloud: TestCloud,
  Action: string,
  parameters: Record<string, string> = {},
  target = "/",
): Promise<RawAnswer> {
  const body = new URLSearchParams({ Action, Version: VERSION, ...parameters }).toString();
  return raw(cloud, { method: "POST", target, service: "sqs", headers: FORM, body });
}

const parser = new XMLParser({
  ignoreAttributes: false,
  trimValues: false,
  parseTagValue: false,
  htmlEntities: true,
});

/** The result element of an answer. */
async function ask(
  cloud: TestCloud,
  action: string,
  parameters: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const answer = await post(cloud, action, parameters);
  expect([answer.status, answer.headers["content-type"]], answer.body).toEqual([200, "text/xml"]);
  const document = parser.parse(answer.body) as Record<string, Record<string, unknown>>;
  const response = document[`${action}Response`];
  expect(response).toMatchObject({
    "@_xmlns": "http://queue.amazonaws.com/doc/2012-11-05/",
    ResponseMetadata: { RequestId: answer.headers["x-amzn-requestid"] },
  });
  return (response?.[`${action}Result`] || {}) as Record<string, unknown>;
}

async function start(attributes: Record<string, string> = {}) {
  const cloud = await testCloud();
  return { cloud, QueueUrl: await makeQueue(cloud, "jobs", attributes) };
}

const md5 = (text: string) => createHash("md5").update(text).digest("hex");

describe("queues", () => {
  test("are created with attributes and tags, found and listed", async () => {
    const cloud = await testCloud();
    const { QueueUrl } = await ask(cloud, "CreateQueue", {
      QueueName: "jobs",
      "Attribute.1.Name": "VisibilityTimeout",
      "Attribute.1.Value": "40",
      "Attribute.2.Name": "DelaySeconds",
      "Attribute.2.Value": "1",
      "Tag.1.Key": "team",
      "Tag.1.Value": "a b",
    });
    expect(QueueUrl).toBe(`${cloud.endpoint}/000000000000/jobs`);
    expect(await ask(cloud, "GetQueueUrl", { QueueName: "jobs" })).toEqual({ QueueUrl });
    expect(await ask(cloud, "ListQueues", { QueueNamePrefix: "j" })).toEqual({ QueueUrl });
    await makeQueue(cloud, "jobs-2");
    expect(await ask(cloud, "ListQueues")).toEqual({ QueueUrl: [QueueUrl, `${String(QueueUrl)}-2`] });
    const wanted = { "AttributeName.1": "VisibilityTimeout", "AttributeName.2": "DelaySeconds" };
    expect(await ask(cloud, "GetQueueAttributes", { QueueUrl: String(QueueUrl), ...wanted })).toEqual({
      Attribute: [
        { Name: "VisibilityTimeout", Value: "40" },
        { Name: "DelaySeconds", Value: "1" },
      ],
    });
  });

  test("are named by the path as well, and by GET", async () => {
    const { cloud, QueueUrl } = await start();
    const { pathname } = new URL(QueueUrl);
    const sent = await post(cloud, "SendMessage", { MessageBody: "by path" }, pathname);
    expect(sent.body).toContain(`<MD5OfMessageBody>${md5("by path")}</MD5OfMessageBody>`);
    const target = `${pathname}?Action=ReceiveMessage&Version=${VERSION}`;
    const received = await raw(cloud, { method: "GET", target, service: "sqs" });
    expect(received.body).toContain("<Body>by path</Body>");
    expect((await exchange(cloud.endpoint, { method: "GET", target })).status).toBe(403);
  });

  test("take attributes one by one, without a number too", async () => {
    const { cloud, QueueUrl } = await start();
    await ask(cloud, "SetQueueAttributes", {
      QueueUrl,
      "Attribute.Name": "VisibilityTimeout",
      "Attribute.Value": "35",
    });
    expect(await ask(cloud, "GetQueueAttributes", { QueueUrl, AttributeName: "VisibilityTimeout" })).toEqual({
      Attribute: { Name: "VisibilityTimeout", Value: "35" },
    });
  });

  test("have tags", async () => {
    const { cloud, QueueUrl } = await start();
    const tags = { "Tag.1.Key": "a", "Tag.1.Value": "1", "Tag.2.Key": "b", "Tag.2.Value": "" };
    await ask(cloud, "TagQueue", { QueueUrl, ...tags });
    await ask(cloud, "UntagQueue", { QueueUrl, "TagKey.1": "a" });
    expect(await ask(cloud, "ListQueueTags", { QueueUrl })).toEqual({ Tag: { Key: "b", Value: "" } });
  });
});

/** Parameters of one entry of a batch. */
const entry = (number: number, fields: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [`SendMessageBatchRequestEntry.${number}.${name}`, value]),
  );

describe("messages", () => {
  test("go and come with their attributes, whatever XML thinks of their characters", async () => {
    const { cloud, QueueUrl } = await start();
    const body = ' <a href="x">&amp;\r\n\tü 😀 ]]> \r';
    const sent = await ask(cloud, "SendMessage", {
      QueueUrl,
      MessageBody: body,
      "MessageAttribute.1.Name": "text",
      "MessageAttribute.1.Value.DataType": "String",
      "MessageAttribute.1.Value.StringValue": "<ü>",
      "MessageAttribute.2.Name": "bytes",
      "MessageAttribute.2.Value.DataType": "Binary",
      "MessageAttribute.2.Value.BinaryValue": "AP8=",
      "MessageSystemAttribute.1.Name": "AWSTraceHeader",
      "MessageSystemAttribute.1.Value.DataType": "String",
      "MessageSystemAttribute.1.Value.StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793",
    });
    expect(sent).toMatchObject({
      MD5OfMessageBody: md5(body),
      MD5OfMessageSystemAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    const { Message } = await ask(cloud, "ReceiveMessage", {
      QueueUrl,
      "AttributeName.1": "SenderId",
      "AttributeName.2": "AWSTraceHeader",
      "MessageAttributeName.1": "All",
    });
    expect(Message).toMatchObject({
      MessageId: sent["MessageId"],
      Body: body,
      MD5OfBody: md5(body),
      MD5OfMessageAttributes: sent["MD5OfMessageAttributes"],
      Attribute: [
        { Name: "SenderId", Value: "000000000000" },
        { Name: "AWSTraceHeader", Value: "Root=1-5759e988-bd862e3fe1be46a994272793" },
      ],
      MessageAttribute: [
        { Name: "text", Value: { DataType: "String", StringValue: "<ü>" } },
        { Name: "bytes", Value: { DataType: "Binary", BinaryValue: "AP8=" } },
      ],
    });
  });

  test("come in batches, each entry told on its own", async () => {
    const { cloud, QueueUrl } = await start();
    const sent = await ask(cloud, "SendMessageBatch", {
      QueueUrl,
      ...entry(10, { Id: "last", MessageBody: "3" }),
      ...entry(1, { Id: "a", MessageBody: "1" }),
      ...entry(2, { Id: "b", MessageBody: "2", DelaySeconds: "901" }),
    });
    expect(sent["SendMessageBatchResultEntry"]).toMatchObject([{ Id: "a" }, { Id: "last" }]);
    expect(sent["BatchResultErrorEntry"]).toMatchObject({
      Id: "b",
      SenderFault: "true",
      Code: "InvalidParameterValue",
    });
    const { Message } = await ask(cloud, "ReceiveMessage", { QueueUrl, MaxNumberOfMessages: "10" });
    const handles = (Message as { ReceiptHandle: string; Body: string }[]).map((it) => it.ReceiptHandle);
    expect((Message as { Body: string }[]).map((it) => it.Body)).toEqual(["1", "3"]);
    expect(
      await ask(cloud, "ChangeMessageVisibilityBatch", {
        QueueUrl,
        "ChangeMessageVisibilityBatchRequestEntry.1.Id": "x",
        "ChangeMessageVisibilityBatchRequestEntry.1.ReceiptHandle": handles[0] ?? "",
        "ChangeMessageVisibilityBatchRequestEntry.1.VisibilityTimeout": "60",
      }),
    ).toEqual({ ChangeMessageVisibilityBatchResultEntry: { Id: "x" } });
    expect(
      await ask(cloud, "DeleteMessageBatch", {
        QueueUrl,
        "DeleteMessageBatchRequestEntry.1.Id": "x",
        "DeleteMessageBatchRequestEntry.1.ReceiptHandle": handles[0] ?? "",
        "DeleteMessageBatchRequestEntry.2.Id": "y",
        "DeleteMessageBatchRequestEntry.2.ReceiptHandle": "none",
      }),
    ).toMatchObject({
      DeleteMessageBatchResultEntry: { Id: "x" },
      BatchResultErrorEntry: { Id: "y", Code: "ReceiptHandleIsInvalid" },
    });
    await ask(cloud, "DeleteMessage", { QueueUrl, ReceiptHandle: handles[1] ?? "" });
    expect(await ask(cloud, "ReceiveMessage", { QueueUrl })).not.toHaveProperty("Message");
  });

  test("of 1 MiB, percent-encoded threefold, fit", async () => {
    const { cloud, QueueUrl } = await start();
    const body = "ü".repeat(512 * 1024);
    expect(await ask(cloud, "SendMessage", { QueueUrl, MessageBody: body })).toMatchObject({
      MD5OfMessageBody: md5(body),
    });
  });
});

describe("refusals", () => {
  const cases: [string, Record<string, string>, string, number][] = [
    ["GetQueueUrl", { QueueName: "none" }, "AWS.SimpleQueueService.NonExistentQueue", 400],
    ["DeleteMessage", { ReceiptHandle: "none" }, "ReceiptHandleIsInvalid", 404],
    ["SendMessage", {}, "MissingParameter", 400],
    ["SendMessage", { MessageBody: "\u0001" }, "InvalidMessageContents", 400],
    ["ReceiveMessage", { MaxNumberOfMessages: "11" }, "InvalidParameterValue", 400],
    ["ReceiveMessage", { "AttributeName.1": "Colour" }, "InvalidAttributeName", 400],
    ["SendMessageBatch", {}, "AWS.SimpleQueueService.EmptyBatchRequest", 400],
    ["SendMessageBatch", { Entries: "" }, "AWS.SimpleQueueService.EmptyBatchRequest", 400],
    [
      "CreateQueue",
      { QueueName: "jobs", "Attribute.1.Name": "DelaySeconds", "Attribute.1.Value": "5" },
      "QueueAlreadyExists",
      400,
    ],
    ["AddPermission", { Label: "l" }, "AWS.SimpleQueueService.UnsupportedOperation", 400],
    ["StartMessageMoveTask", { SourceArn: "arn:none" }, "ResourceNotFoundException", 404],
    ["Fly", {}, "InvalidAction", 400],
    ["ListQueues", { Version: "1999-01-01" }, "NoSuchVersion", 400],
  ];

  test.each(cases)("%s %o: %s", async (action, parameters, code, status) => {
    const { cloud, QueueUrl } = await start();
    const answer = await post(cloud, action, { QueueUrl, ...parameters });
    expect([errorCode(answer), answer.status]).toEqual([code, status]);
    const document = parser.parse(answer.body) as Record<string, unknown>;
    expect(document["ErrorResponse"]).toMatchObject({
      "@_xmlns": "http://queue.amazonaws.com/doc/2012-11-05/",
      Error: { Type: "Sender", Message: expect.stringMatching(/./), Detail: "" },
      RequestId: answer.headers["x-amzn-requestid"],
    });
  });

  test("no action, no signature, a changed body", async () => {
    const { cloud, QueueUrl } = await start();
    const target = new URL(QueueUrl).pathname;
    const form = { method: "POST", target, service: "sqs", headers: FORM, body: "QueueUrl=x" };
    expect(errorCode(await raw(cloud, form))).toBe("MissingAction");
    const bare = { method: "POST", target, headers: FORM, body: Buffer.from("Action=PurgeQueue") };
    expect(errorCode(await exchange(cloud.endpoint, bare))).toBe("MissingAuthenticationToken");
    const changed = await raw(cloud, { ...form, tamper: (it) => it.body.write("A") });
    expect([errorCode(changed), changed.status]).toEqual(["SignatureDoesNotMatch", 403]);
    expect(cloud.reports).toEqual([]);
  });

  test("what XML cannot carry does not break the document that says so", async () => {
    const { cloud, QueueUrl } = await start();
    const answer = await post(cloud, "DeleteMessage", { QueueUrl, ReceiptHandle: "\u0001<x>" });
    expect(answer.body).toContain("\uFFFD&lt;x&gt;");
  });
});
