import assert from "node:assert/strict";
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  PurgeQueueCommand,
  SetQueueAttributesCommand,
  TagQueueCommand,
  UntagQueueCommand,
  type QueueAttributeName,
} from "@aws-sdk/client-sqs";
import { refused } from "./assertions.ts";
import { sqsApi, sqsGuide, type Check } from "./check.ts";
import { receive, send } from "./queue-calls.ts";
import type { Queue, World } from "./world.ts";

const create = sqsApi("API_CreateQueue");
const change = sqsApi("API_SetQueueAttributes");

const nameOf = (queue: Queue) => queue.arn.split(":").at(-1) ?? "";

async function attributes(w: World, queue: Queue, ...names: QueueAttributeName[]) {
  const AttributeNames = names.length === 0 ? ["All" as const] : names;
  const command = new GetQueueAttributesCommand({ QueueUrl: queue.url, AttributeNames });
  return (await w.sqs.send(command)).Attributes ?? {};
}

const set = (w: World, queue: Queue, Attributes: Partial<Record<QueueAttributeName, string>>) =>
  w.sqs.send(new SetQueueAttributesCommand({ QueueUrl: queue.url, Attributes }));

const limits: [name: QueueAttributeName, says: string, bad: string[]][] = [
  ["VisibilityTimeout", "from 0 to 43,200 seconds", ["-1", "43201"]],
  ["DelaySeconds", "from 0 to 900 seconds", ["-1", "901"]],
  ["MessageRetentionPeriod", "from 60 to 1,209,600 seconds", ["59", "1209601"]],
  ["ReceiveMessageWaitTimeSeconds", "from 0 to 20 seconds", ["-1", "21"]],
];

export const sqsQueueChecks: readonly Check[] = [
  create(
    "sqs-queue-again",
    "Creating a queue again with the same attributes answers the same URL.",
    async (w) => {
      const queue = await w.makeQueue({ VisibilityTimeout: "40" });
      const again = (Attributes: Partial<Record<QueueAttributeName, string>>) =>
        w.sqs.send(new CreateQueueCommand({ QueueName: nameOf(queue), Attributes }));
      assert.equal((await again({ VisibilityTimeout: "40" })).QueueUrl, queue.url);
      await refused(again({ VisibilityTimeout: "41" }), /QueueNameExists|QueueAlreadyExists/, 400);
    },
  ),
  ...["has space", "has/slash", "x".repeat(81), ""].map((QueueName, n) =>
    create(`sqs-queue-name-${n}`, "Queue names have 1 to 80 letters, digits, hyphens and underscores.", (w) =>
      refused(
        w.sqs.send(new CreateQueueCommand({ QueueName })),
        /InvalidParameterValue|MissingParameter/,
        400,
      ),
    ),
  ),
  sqsApi("API_GetQueueUrl")("sqs-queue-url", "A queue is found by its name.", async (w) => {
    const queue = await w.makeQueue();
    const find = (QueueName: string) => w.sqs.send(new GetQueueUrlCommand({ QueueName }));
    assert.equal((await find(nameOf(queue))).QueueUrl, queue.url);
    await refused(find(`${nameOf(queue)}-none`), "QueueDoesNotExist", 400);
  }),
  sqsApi("API_ListQueues")("sqs-queue-list", "Queues are listed by prefix, in pages.", async (w) => {
    const queue = await w.makeQueue();
    const list = (QueueNamePrefix: string, more: object = {}) =>
      w.sqs.send(new ListQueuesCommand({ QueueNamePrefix, ...more }));
    assert.deepEqual((await list(nameOf(queue))).QueueUrls, [queue.url]);
    const { QueueUrls = [] } = await list(nameOf(queue), { MaxResults: 1 });
    assert.equal(QueueUrls.length, 1);
  }),
  sqsApi("API_DeleteQueue")("sqs-queue-delete", "A deleted queue takes no messages.", async (w) => {
    const queue = await w.makeQueue();
    await w.sqs.send(new DeleteQueueCommand({ QueueUrl: queue.url }));
    // "When you delete a queue, the deletion process takes up to 60 seconds."
    for (let left = 60; left > 0; left--) {
      try {
        await send(w, queue, "m");
      } catch {
        break;
      }
    }
    await refused(send(w, queue, "m"), "QueueDoesNotExist", 400);
  }),
  sqsApi("API_GetQueueAttributes")(
    "sqs-queue-defaults",
    "A queue made without attributes has the defaults.",
    async (w) => {
      const found = await attributes(w, await w.makeQueue());
      assert.deepEqual(
        [
          found.VisibilityTimeout,
          found.DelaySeconds,
          found.MessageRetentionPeriod,
          found.ReceiveMessageWaitTimeSeconds,
        ],
        ["30", "0", "345600", "0"],
      );
      assert.deepEqual(
        [
          found.ApproximateNumberOfMessages,
          found.ApproximateNumberOfMessagesNotVisible,
          found.ApproximateNumberOfMessagesDelayed,
        ],
        ["0", "0", "0"],
      );
      assert.match(found.CreatedTimestamp ?? "", /^\d{10}$/);
      assert.match(found.LastModifiedTimestamp ?? "", /^\d{10}$/);
    },
  ),
  sqsApi("API_GetQueueAttributes")(
    "sqs-queue-some-attributes",
    "Only the attributes that were asked for are answered.",
    async (w) => {
      const found = await attributes(w, await w.makeQueue(), "DelaySeconds", "VisibilityTimeout");
      assert.deepEqual(found, { DelaySeconds: "0", VisibilityTimeout: "30" });
    },
  ),
  sqsApi("API_GetQueueAttributes")(
    "sqs-queue-unknown-attribute",
    "An attribute that does not exist is InvalidAttributeName.",
    async (w) => {
      const queue = await w.makeQueue();
      await refused(attributes(w, queue, "Colour" as "All"), "InvalidAttributeName", 400);
    },
  ),
  change("sqs-queue-set", "Attributes can be changed.", async (w) => {
    const queue = await w.makeQueue();
    await set(w, queue, { VisibilityTimeout: "41", DelaySeconds: "3" });
    const found = await attributes(w, queue, "VisibilityTimeout", "DelaySeconds");
    assert.deepEqual(found, { VisibilityTimeout: "41", DelaySeconds: "3" });
  }),
  ...limits.map(([name, says, bad]) =>
    change(`sqs-queue-limit-${name}`, `${name} goes ${says}.`, async (w) => {
      const queue = await w.makeQueue();
      for (const value of bad) await refused(set(w, queue, { [name]: value }), "InvalidAttributeValue", 400);
    }),
  ),
  sqsApi("API_PurgeQueue")("sqs-queue-purge", "A purged queue is empty.", async (w) => {
    const queue = await w.makeQueue();
    for (const body of ["a", "b"]) await send(w, queue, body);
    await w.sqs.send(new PurgeQueueCommand({ QueueUrl: queue.url }));
    await refused(w.sqs.send(new PurgeQueueCommand({ QueueUrl: queue.url })), "PurgeQueueInProgress", 403);
    assert.deepEqual(await receive(w, queue, { WaitTimeSeconds: 1 }), []);
  }),
  sqsGuide("sqs-queue-tags")(
    "sqs-queue-tags",
    "A queue has tags that can be set, read and taken off.",
    async (w) => {
      const queue = await w.makeQueue();
      const read = async () =>
        (await w.sqs.send(new ListQueueTagsCommand({ QueueUrl: queue.url }))).Tags ?? {};
      await w.sqs.send(new TagQueueCommand({ QueueUrl: queue.url, Tags: { a: "1", b: "2" } }));
      assert.deepEqual(await read(), { a: "1", b: "2" });
      await w.sqs.send(new UntagQueueCommand({ QueueUrl: queue.url, TagKeys: ["a"] }));
      assert.deepEqual(await read(), { b: "2" });
    },
  ),
];
