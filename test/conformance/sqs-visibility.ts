import assert from "node:assert/strict";
import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
} from "@aws-sdk/client-sqs";
import { refused } from "./assertions.ts";
import { sqsApi, sqsGuide, type Check } from "./check.ts";
import { one, receive, send, sleep } from "./queue-calls.ts";
import type { Queue, World } from "./world.ts";

const guide = sqsGuide("sqs-visibility-timeout");
const changes = sqsApi("API_ChangeMessageVisibility");
const deletes = sqsApi("API_DeleteMessage");

const hide = (w: World, queue: Queue, ReceiptHandle: string, VisibilityTimeout: number) =>
  w.sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: queue.url, ReceiptHandle, VisibilityTimeout }));
const drop = (w: World, queue: Queue, ReceiptHandle: string) =>
  w.sqs.send(new DeleteMessageCommand({ QueueUrl: queue.url, ReceiptHandle }));

async function withMessage(w: World, VisibilityTimeout?: string): Promise<Queue> {
  const queue = await w.makeQueue(VisibilityTimeout === undefined ? {} : { VisibilityTimeout });
  await send(w, queue, "m");
  return queue;
}

const gone = async (w: World, queue: Queue) =>
  assert.deepEqual(await receive(w, queue, { WaitTimeSeconds: 2 }), []);

export const sqsVisibilityChecks: readonly Check[] = [
  guide(
    "sqs-hidden",
    "A received message is hidden, and comes back when its visibility timeout ends.",
    async (w) => {
      const queue = await withMessage(w, "2");
      const { MessageId } = await one(w, queue);
      assert.deepEqual(await receive(w, queue), []);
      assert.equal((await one(w, queue)).MessageId, MessageId);
    },
  ),
  guide("sqs-hidden-per-receive", "A receive can set its own visibility timeout.", async (w) => {
    const queue = await withMessage(w, "30");
    const { MessageId } = await one(w, queue, { VisibilityTimeout: 1 });
    assert.equal((await one(w, queue)).MessageId, MessageId);
  }),
  deletes("sqs-deleted", "A deleted message does not come again.", async (w) => {
    const queue = await withMessage(w, "1");
    await drop(w, queue, (await one(w, queue)).handle);
    await gone(w, queue);
  }),
  deletes("sqs-deleted-again", "Deleting a message again succeeds.", async (w) => {
    const queue = await withMessage(w);
    const { handle } = await one(w, queue);
    await drop(w, queue, handle);
    await drop(w, queue, handle);
  }),
  deletes("sqs-bad-handle", "A receipt handle that is none is refused.", async (w) => {
    await refused(drop(w, await w.makeQueue(), "nonsense"), "ReceiptHandleIsInvalid", 404);
  }),
  changes("sqs-handed-back", "A visibility timeout of 0 hands the message back at once.", async (w) => {
    const queue = await withMessage(w);
    const { handle, MessageId } = await one(w, queue);
    await hide(w, queue, handle, 0);
    assert.equal((await one(w, queue)).MessageId, MessageId);
  }),
  changes("sqs-extended", "A longer timeout, counted from now, keeps the message hidden.", async (w) => {
    const queue = await withMessage(w, "2");
    const { handle } = await one(w, queue);
    await hide(w, queue, handle, 30);
    await sleep(2500);
    assert.deepEqual(await receive(w, queue), []);
    await drop(w, queue, handle);
  }),
  changes("sqs-extended-limit", "A message is hidden for 12 hours at most.", async (w) => {
    const queue = await withMessage(w);
    const { handle } = await one(w, queue);
    await refused(hide(w, queue, handle, 43_201), "InvalidParameterValue", 400);
    await sleep(1100);
    await refused(hide(w, queue, handle, 43_200), "InvalidParameterValue", 400);
  }),
  sqsApi("API_ChangeMessageVisibilityBatch")(
    "sqs-visibility-batch",
    "Timeouts are changed in a batch, each told on its own.",
    async (w) => {
      const queue = await withMessage(w);
      const { handle } = await one(w, queue);
      const { Successful = [], Failed = [] } = await w.sqs.send(
        new ChangeMessageVisibilityBatchCommand({
          QueueUrl: queue.url,
          Entries: [
            { Id: "good", ReceiptHandle: handle, VisibilityTimeout: 0 },
            { Id: "bad", ReceiptHandle: "nonsense", VisibilityTimeout: 0 },
          ],
        }),
      );
      assert.deepEqual([Successful.map((it) => it.Id), Failed.map((it) => it.Id)], [["good"], ["bad"]]);
      await one(w, queue);
    },
  ),
  sqsApi("API_GetQueueAttributes")(
    "sqs-counts",
    "Counts tell visible, hidden and delayed messages apart.",
    async (w) => {
      const queue = await w.makeQueue();
      await send(w, queue, "hidden");
      await one(w, queue);
      await send(w, queue, "visible");
      await send(w, queue, "delayed", { DelaySeconds: 900 });
      const counts = async () => {
        const command = new GetQueueAttributesCommand({ QueueUrl: queue.url, AttributeNames: ["All"] });
        const { Attributes: found = {} } = await w.sqs.send(command);
        return [
          found.ApproximateNumberOfMessages,
          found.ApproximateNumberOfMessagesNotVisible,
          found.ApproximateNumberOfMessagesDelayed,
        ].join();
      };
      // "The values are approximate": they settle within a minute.
      for (let left = 40; left > 0 && (await counts()) !== "1,1,1"; left--) await sleep(1000);
      assert.equal(await counts(), "1,1,1");
    },
  ),
];
