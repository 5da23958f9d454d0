import assert from "node:assert/strict";
import { CreateQueueCommand, DeleteMessageCommand, GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { refused } from "./assertions.ts";
import { sqsApi, sqsGuide, type Check } from "./check.ts";
import { collect, one, receive, send } from "./queue-calls.ts";
import type { Queue, World } from "./world.ts";

const logic = sqsGuide("FIFO-queues-understanding-logic");
const deduplication = sqsGuide("FIFO-queues-exactly-once-processing");
const sends = sqsApi("API_SendMessage");

const fifo = (w: World, more: object = {}) =>
  w.makeQueue({ FifoQueue: "true", ContentBasedDeduplication: "true", ...more });
const post = (w: World, queue: Queue, body: string, MessageGroupId = "g", id?: string) =>
  send(w, queue, body, { MessageGroupId, ...(id === undefined ? {} : { MessageDeduplicationId: id }) });
const bodies = (found: readonly { Body?: string | undefined }[]) => found.map((it) => it.Body);

export const sqsFifoChecks: readonly Check[] = [
  logic("sqs-fifo-order", "Messages of a group come in the order in which they were sent.", async (w) => {
    const queue = await fifo(w);
    const sent = Array.from({ length: 10 }, (_, n) => `m${n}`);
    for (const body of sent) await post(w, queue, body);
    const found: (string | undefined)[] = [];
    while (found.length < sent.length) {
      const got = await receive(w, queue, { WaitTimeSeconds: 10 });
      assert.ok(got.length > 0);
      found.push(...bodies(got));
      for (const { ReceiptHandle } of got)
        await w.sqs.send(new DeleteMessageCommand({ QueueUrl: queue.url, ReceiptHandle }));
    }
    assert.deepEqual(found, sent);
  }),
  logic("sqs-fifo-blocked", "While a group has a message in flight, the rest of it waits.", async (w) => {
    const queue = await fifo(w);
    for (const body of ["a1", "a2"]) await post(w, queue, body, "a");
    const first = await one(w, queue, { MaxNumberOfMessages: 1 });
    assert.equal(first.Body, "a1");
    assert.deepEqual(await receive(w, queue, { WaitTimeSeconds: 1 }), []);
    await w.sqs.send(new DeleteMessageCommand({ QueueUrl: queue.url, ReceiptHandle: first.handle }));
    assert.equal((await one(w, queue)).Body, "a2");
  }),
  logic("sqs-fifo-groups", "Other groups go on meanwhile.", async (w) => {
    const queue = await fifo(w);
    await post(w, queue, "a1", "a");
    await one(w, queue);
    await post(w, queue, "b1", "b");
    assert.equal((await one(w, queue)).Body, "b1");
  }),
  deduplication(
    "sqs-fifo-same-id",
    "A message with the same deduplication id within five minutes is not sent again.",
    async (w) => {
      const queue = await fifo(w);
      const first = await post(w, queue, "one", "g", "same");
      const again = await post(w, queue, "two", "g", "same");
      assert.deepEqual([again.MessageId, again.SequenceNumber], [first.MessageId, first.SequenceNumber]);
      assert.deepEqual(bodies(await collect(w, queue, 2, { WaitTimeSeconds: 1 })), ["one"]);
    },
  ),
  deduplication(
    "sqs-fifo-same-content",
    "With content-based deduplication the same body is the same message.",
    async (w) => {
      const queue = await fifo(w);
      for (const body of ["one", "one", "two"]) await post(w, queue, body);
      const found = await receive(w, queue, { WaitTimeSeconds: 10 });
      assert.deepEqual(bodies(found), ["one", "two"]);
    },
  ),
  sends("sqs-fifo-sequence", "Later messages have greater sequence numbers.", async (w) => {
    const queue = await fifo(w);
    const first = (await post(w, queue, "one")).SequenceNumber ?? "";
    const second = (await post(w, queue, "two")).SequenceNumber ?? "";
    assert.ok(BigInt(first) < BigInt(second));
  }),
  sends(
    "sqs-fifo-attributes",
    "A received message tells its group, deduplication id and sequence number.",
    async (w) => {
      const queue = await fifo(w);
      const sent = await post(w, queue, "m", "group", "dedup");
      const { Attributes = {} } = await one(w, queue, { MessageSystemAttributeNames: ["All"] });
      assert.deepEqual(
        [Attributes.MessageGroupId, Attributes.MessageDeduplicationId, Attributes.SequenceNumber],
        ["group", "dedup", sent.SequenceNumber],
      );
    },
  ),
  sends("sqs-fifo-no-group", "A message without a group is refused.", async (w) => {
    await refused(send(w, await fifo(w), "m"), "MissingParameter", 400);
  }),
  sends(
    "sqs-fifo-no-id",
    "Without content-based deduplication a message has a deduplication id.",
    async (w) => {
      const queue = await fifo(w, { ContentBasedDeduplication: "false" });
      await refused(post(w, queue, "m"), "InvalidParameterValue", 400);
    },
  ),
  sends("sqs-fifo-delay", "A message of a FIFO queue has no delay of its own.", async (w) => {
    const queue = await fifo(w);
    const late = send(w, queue, "m", { MessageGroupId: "g", DelaySeconds: 1 });
    await refused(late, "InvalidParameterValue", 400);
  }),
  sqsApi("API_CreateQueue")(
    "sqs-fifo-name",
    "The name of a FIFO queue ends with .fifo, of no other.",
    async (w) => {
      const make = (QueueName: string, Attributes: Record<string, string>) =>
        w.sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
      await refused(make("drover-conformance", { FifoQueue: "true" }), "InvalidParameterValue", 400);
      await refused(make("drover-conformance.fifo", {}), "InvalidParameterValue", 400);
    },
  ),
  sqsApi("API_GetQueueAttributes")(
    "sqs-fifo-queue-attributes",
    "A FIFO queue says that it is one.",
    async (w) => {
      const queue = await fifo(w);
      const command = new GetQueueAttributesCommand({ QueueUrl: queue.url, AttributeNames: ["All"] });
      const { Attributes = {} } = await w.sqs.send(command);
      assert.deepEqual([Attributes.FifoQueue, Attributes.ContentBasedDeduplication], ["true", "true"]);
    },
  ),
];
