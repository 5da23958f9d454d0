import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { sqsApi, sqsGuide, type Check } from "./check.ts";
import { one, send } from "./queue-calls.ts";
import { codeIn, type RawAnswer, type RawRequest } from "./raw.ts";
import type { Queue, World } from "./world.ts";

const guide = sqsGuide("sqs-making-api-requests-xml");
const errors = sqsApi("CommonErrors");

const MINUTE_MS = 60_000;

/** A request of the query protocol to a queue's URL, or to the service. */
function ask(
  w: World,
  queue: Queue | undefined,
  Action: string,
  fields: Record<string, string> = {},
  more: Partial<RawRequest> = {},
): Promise<RawAnswer> {
  const body = new URLSearchParams({ Action, Version: "2012-11-05", ...fields }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
  const target = queue === undefined ? "/" : new URL(queue.url).pathname;
  return w.raw({ service: "sqs", method: "POST", target, headers, body, ...more });
}

const element = (answer: RawAnswer, name: string) =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(answer.body)?.[1];

/** [id, what is wrong, the request, SQS's code] */
const attempts: [string, string, Partial<RawRequest>, string | RegExp][] = [
  [
    "unsigned",
    "A request without a signature is refused.",
    { tamper: ({ headers }) => delete headers["authorization"] },
    /MissingAuthenticationToken|AccessDenied/,
  ],
  [
    "foreign-key",
    "An access key that does not exist is InvalidClientTokenId.",
    {
      tamper: ({ headers }) =>
        (headers["authorization"] =
          headers["authorization"]?.replace(/Credential=\w+/, "Credential=AKIAIOSFODNN7EXAMPLE") ?? ""),
    },
    "InvalidClientTokenId",
  ],
  [
    "changed-body",
    "A body that is not the signed one is SignatureDoesNotMatch.",
    { tamper: ({ body }) => body.write("action") },
    "SignatureDoesNotMatch",
  ],
  [
    "old",
    "A request signed too long ago is refused.",
    { atMs: Date.now() - 20 * MINUTE_MS },
    "SignatureDoesNotMatch",
  ],
];

export const sqsQueryChecks: readonly Check[] = [
  guide("sqs-query-send", "A message sent by the query protocol is answered in XML.", async (w) => {
    const queue = await w.makeQueue();
    const answer = await ask(w, queue, "SendMessage", { MessageBody: "a <b> & ü" });
    assert.equal(answer.status, 200, answer.body);
    assert.match(answer.headers["content-type"] ?? "", /^text\/xml/);
    assert.match(
      answer.body,
      /<SendMessageResponse xmlns="http:\/\/queue.amazonaws.com\/doc\/2012-11-05\/">/,
    );
    assert.equal(element(answer, "MD5OfMessageBody"), createHash("md5").update("a <b> & ü").digest("hex"));
    assert.equal((await one(w, queue)).Body, "a <b> & ü");
  }),
  guide("sqs-query-receive", "A message is received and deleted by the query protocol.", async (w) => {
    const queue = await w.makeQueue();
    const { MessageId } = await send(w, queue, "a <b> & ü");
    const answer = await ask(w, queue, "ReceiveMessage", { WaitTimeSeconds: "10", "AttributeName.1": "All" });
    assert.deepEqual(
      [element(answer, "MessageId"), element(answer, "Body")],
      [MessageId, "a &lt;b&gt; &amp; ü"],
    );
    assert.match(
      answer.body,
      /<Attribute><Name>ApproximateReceiveCount<\/Name><Value>1<\/Value><\/Attribute>/,
    );
    const ReceiptHandle = element(answer, "ReceiptHandle") ?? "";
    assert.equal((await ask(w, queue, "DeleteMessage", { ReceiptHandle })).status, 200);
  }),
  guide("sqs-query-attributes", "Queue attributes are asked for by number.", async (w) => {
    const queue = await w.makeQueue({ VisibilityTimeout: "41" });
    const answer = await ask(w, queue, "GetQueueAttributes", { "AttributeName.1": "VisibilityTimeout" });
    assert.match(answer.body, /<Attribute><Name>VisibilityTimeout<\/Name><Value>41<\/Value><\/Attribute>/);
  }),
  guide("sqs-query-batch", "A batch is answered entry by entry in XML.", async (w) => {
    const queue = await w.makeQueue();
    const answer = await ask(w, queue, "SendMessageBatch", {
      "SendMessageBatchRequestEntry.1.Id": "good",
      "SendMessageBatchRequestEntry.1.MessageBody": "a",
      "SendMessageBatchRequestEntry.2.Id": "bad",
      "SendMessageBatchRequestEntry.2.MessageBody": "b",
      "SendMessageBatchRequestEntry.2.DelaySeconds": "901",
    });
    assert.match(answer.body, /<SendMessageBatchResultEntry>.*<Id>good<\/Id>/s);
    assert.match(answer.body, /<BatchResultErrorEntry>.*<Id>bad<\/Id>/s);
  }),
  guide("sqs-query-url", "A queue's URL is found by the query protocol.", async (w) => {
    const queue = await w.makeQueue();
    const answer = await ask(w, undefined, "GetQueueUrl", { QueueName: queue.arn.split(":").at(-1) ?? "" });
    assert.equal(element(answer, "QueueUrl"), queue.url);
  }),
  errors("sqs-query-error", "An error is XML with type, code, message and request id.", async (w) => {
    const answer = await ask(w, undefined, "GetQueueUrl", { QueueName: "drover-conformance-none" });
    assert.deepEqual([answer.status, codeIn(answer)], [400, "AWS.SimpleQueueService.NonExistentQueue"]);
    assert.deepEqual([element(answer, "Type"), typeof element(answer, "RequestId")], ["Sender", "string"]);
  }),
  errors("sqs-query-action", "An action that does not exist is InvalidAction.", async (w) => {
    assert.equal(codeIn(await ask(w, undefined, "Fly")), "InvalidAction");
  }),
  ...attempts.map(([id, says, more, code]) =>
    errors(`sqs-signature-${id}`, says, async (w) => {
      const queue = await w.makeQueue();
      const found = codeIn(await ask(w, queue, "SendMessage", { MessageBody: "m" }, more)) ?? "";
      if (typeof code === "string") assert.equal(found, code);
      else assert.match(found, code);
      const { body } = await ask(w, queue, "ReceiveMessage", { WaitTimeSeconds: "1" });
      assert.doesNotMatch(body, /<Message>/);
    }),
  ),
];
