import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { closeSqsClients, createSqsClients, openQueue } from "../../../cloud/aws/sqs.ts";
import { awsServer } from "../../support/aws-server.ts";
import { deadPort, type Seen } from "../../support/web-server.ts";

const md5 = (text: string) => createHash("md5").update(text).digest("hex");

type Operations = Record<string, (body: Record<string, unknown>, response: ServerResponse) => unknown>;

/** Answers SQS's JSON protocol; `undefined` leaves the response open. */
async function sqs(operations: Operations) {
  const calls: { name: string; body: Record<string, unknown> }[] = [];
  const server = await awsServer((seen: Seen, response) => {
    const name = String(seen.headers["x-amz-target"]).replace("AmazonSQS.", "");
    const body = JSON.parse(seen.body.toString()) as Record<string, unknown>;
    calls.push({ name, body });
    const answer = operations[name]?.(body, response);
    if (answer !== undefined)
      response.writeHead(200, { "content-type": "application/x-amz-json-1.0" }).end(JSON.stringify(answer));
  });
  // The SDK sends a queue's calls to the host of its URL.
  return { calls, clients: clients(), url: `${server.origin}/123456789012/drover-requests` };
}

function clients() {
  const made = createSqsClients();
  onTestFinished(() => closeSqsClients(made));
  return made;
}

const fail = (response: ServerResponse, type: string) => {
  response
    .writeHead(400, { "content-type": "application/x-amz-json-1.0" })
    .end(JSON.stringify({ __type: type, message: "no" }));
  return undefined;
};

describe("opening a queue", () => {
  test("by its name asks for the URL", async () => {
    const url = "http://127.0.0.1/123456789012/drover-requests";
    const { clients: made } = await sqs({ GetQueueUrl: () => ({ QueueUrl: url }) });
    expect(await openQueue(made, "drover-requests")).toMatchObject({ name: "drover-requests", url });
  });

  test("that is missing says how to make it", async () => {
    const { clients: made } = await sqs({
      GetQueueUrl: (_, response) => fail(response, "com.amazonaws.sqs#QueueDoesNotExist"),
    });
    await expect(openQueue(made, "drover-requests")).rejects.toMatchObject({
      code: "queue-missing",
      message: expect.stringContaining("drover setup") as string,
    });
  });

  test("of a cloud that is not there says what to check", async () => {
    await awsServer(() => undefined);
    vi.stubEnv("AWS_ENDPOINT_URL", `http://127.0.0.1:${await deadPort()}`);
    vi.stubEnv("AWS_MAX_ATTEMPTS", "1");
    await expect(openQueue(clients(), "drover-requests")).rejects.toMatchObject({
      code: "cloud-unreachable",
      message: expect.stringContaining("AWS_ENDPOINT_URL") as string,
    });
  });
});

describe("receiving", () => {
  test("gives what SQS says of a message, its text attributes included", async () => {
    const body = '<request service="ä"/>';
    const {
      url,
      clients: made,
      calls,
    } = await sqs({
      ReceiveMessage: () => ({
        Messages: [
          {
            MessageId: "m-1",
            ReceiptHandle: "r-1",
            Body: body,
            MD5OfBody: md5(body),
            Attributes: {
              SentTimestamp: "1700000000000",
              ApproximateReceiveCount: "3",
              ApproximateFirstReceiveTimestamp: "1700000001000",
            },
            MessageAttributes: {
              text: { DataType: "String", StringValue: "x" },
              bytes: { DataType: "Binary", BinaryValue: "AAEC" },
            },
          },
        ],
      }),
    });
    const queue = await openQueue(made, url);
    const [message] = await queue.receive({ max: 10, waitS: 20, visibilityTimeoutS: 60 });
    expect(message).toMatchObject({
      id: "m-1",
      receiptHandle: "r-1",
      body,
      attributes: { text: "x" },
      sentAt: 1_700_000_000_000,
      receiveCount: 3,
    });
    expect(calls[0]?.body).toMatchObject({
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 20,
      VisibilityTimeout: 60,
    });
  });

  test("ends with nothing when it is aborted, at once", async () => {
    const controller = new AbortController();
    const { url, clients: made } = await sqs({
      ReceiveMessage: () => {
        controller.abort();
        return undefined;
      },
    });
    const queue = await openQueue(made, url);
    expect(
      await queue.receive({ max: 1, waitS: 20, visibilityTimeoutS: 60, signal: controller.signal }),
    ).toEqual([]);
  });

  test("does not make other calls wait", async () => {
    const { url, clients: made } = await sqs({
      ReceiveMessage: () => undefined,
      SendMessage: () => ({ MessageId: "m", MD5OfMessageBody: md5("body") }),
    });
    const queue = await openQueue(made, url);
    const controller = new AbortController();
    const polls = Array.from({ length: 70 }, () =>
      queue.receive({ max: 1, waitS: 20, visibilityTimeoutS: 60, signal: controller.signal }),
    );
    expect(await queue.send("body")).toBe("m");
    controller.abort();
    await Promise.all(polls);
  });
});

const failed = (codes: Record<string, string>) => ({
  Successful: [],
  Failed: Object.entries(codes).map(([Id, Code]) => ({ Id, Code, SenderFault: true, Message: "no" })),
});

describe("a batch", () => {
  test("tells of each entry what became of it, and whether its message is gone", async () => {
    const { url, clients: made } = await sqs({
      DeleteMessageBatch: () => failed({ 1: "ReceiptHandleIsInvalid", 2: "InternalError" }),
      ChangeMessageVisibilityBatch: () => failed({ 0: "AWS.SimpleQueueService.MessageNotInflight" }),
    });
    const queue = await openQueue(made, url);
    expect(await queue.delete(["a", "b", "c"])).toEqual([
      { receiptHandle: "a" },
      { receiptHandle: "b", error: { code: "ReceiptHandleIsInvalid", message: "no", gone: true } },
      { receiptHandle: "c", error: { code: "InternalError", message: "no", gone: false } },
    ]);
    const [changed] = await queue.changeVisibility([{ receiptHandle: "a", visibilityTimeoutS: 60 }]);
    expect(changed?.error).toMatchObject({ gone: true });
  });

  test("that fails as a whole rejects", async () => {
    const { url, clients: made } = await sqs({
      DeleteMessageBatch: (_, response) => fail(response, "com.amazonaws.sqs#OverLimit"),
    });
    const queue = await openQueue(made, url);
    await expect(queue.delete(["a"])).rejects.toThrow();
  });
});

test("counts are numbers", async () => {
  const { url, clients: made } = await sqs({
    GetQueueAttributes: () => ({
      Attributes: {
        ApproximateNumberOfMessages: "7",
        ApproximateNumberOfMessagesNotVisible: "2",
        ApproximateNumberOfMessagesDelayed: "1",
      },
    }),
  });
  expect(await (await openQueue(made, url)).counts()).toEqual({ visible: 7, inFlight: 2, delayed: 1 });
});
