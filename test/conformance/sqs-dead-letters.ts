import assert from "node:assert/strict";
import {
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  SetQueueAttributesCommand,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import { refused } from "./assertions.ts";
import { sqsApi, sqsGuide, type Check } from "./check.ts";
import { one, receive, send } from "./queue-calls.ts";
import type { Queue, World } from "./world.ts";

const guide = sqsGuide("sqs-dead-letter-queues");

const policy = (dead: Queue, maxReceiveCount: number | string) =>
  JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount });

async function pair(w: World): Promise<{ queue: Queue; dead: Queue }> {
  const dead = await w.makeQueue();
  return { dead, queue: await w.makeQueue({ RedrivePolicy: policy(dead, 1), VisibilityTimeout: "0" }) };
}

/** Receives a message once more than it may be. */
async function poison(w: World, { queue, dead }: { queue: Queue; dead: Queue }) {
  const sent = await send(w, queue, "poison");
  await one(w, queue);
  for (let left = 10; left > 0; left--) {
    if ((await receive(w, queue, { WaitTimeSeconds: 1 })).length === 0) break;
  }
  const ask = { MessageSystemAttributeNames: ["All" as const], VisibilityTimeout: 0 };
  return { sent, found: await one(w, dead, ask) };
}

export const sqsDeadLetterChecks: readonly Check[] = [
  guide(
    "sqs-dead-letter",
    "A message received too often moves to the dead-letter queue with its id.",
    async (w) => {
      const queues = await pair(w);
      const { sent, found } = await poison(w, queues);
      assert.deepEqual([found.Body, found.MessageId], ["poison", sent.MessageId]);
      assert.equal(found.Attributes?.DeadLetterQueueSourceArn, queues.queue.arn);
    },
  ),
  sqsApi("API_SetQueueAttributes")(
    "sqs-dead-letter-missing",
    "A dead-letter queue must exist.",
    async (w) => {
      const queue = await w.makeQueue();
      const Attributes = { RedrivePolicy: policy({ ...queue, arn: `${queue.arn}-none` }, 1) };
      const command = new SetQueueAttributesCommand({ QueueUrl: queue.url, Attributes });
      await refused(w.sqs.send(command), "InvalidParameterValue", 400);
    },
  ),
  sqsApi("API_SetQueueAttributes")(
    "sqs-dead-letter-count",
    "maxReceiveCount goes from 1 to 1,000.",
    async (w) => {
      const [queue, dead] = [await w.makeQueue(), await w.makeQueue()];
      for (const count of [0, 1001]) {
        const Attributes = { RedrivePolicy: policy(dead, count) };
        const command = new SetQueueAttributesCommand({ QueueUrl: queue.url, Attributes });
        await refused(w.sqs.send(command), "InvalidParameterValue", 400);
      }
    },
  ),
  sqsApi("API_ListDeadLetterSourceQueues")(
    "sqs-dead-letter-sources",
    "A dead-letter queue knows its sources.",
    async (w) => {
      const { queue, dead } = await pair(w);
      const { queueUrls } = await w.sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead.url }));
      assert.deepEqual(queueUrls, [queue.url]);
    },
  ),
  sqsApi("API_StartMessageMoveTask")(
    "sqs-redrive",
    "Dead letters can be moved back to where they came from.",
    async (w) => {
      const queues = await pair(w);
      await poison(w, queues);
      await w.sqs.send(new StartMessageMoveTaskCommand({ SourceArn: queues.dead.arn }));
      assert.equal((await one(w, queues.queue)).Body, "poison");
      const tasks = new ListMessageMoveTasksCommand({ SourceArn: queues.dead.arn });
      const { Results: [task] = [] } = await w.sqs.send(tasks);
      assert.match(task?.Status ?? "", /^(RUNNING|COMPLETED)$/);
    },
  ),
  sqsApi("API_StartMessageMoveTask")(
    "sqs-redrive-source",
    "Only a dead-letter queue can be moved from.",
    async (w) => {
      const { arn } = await w.makeQueue();
      const command = new StartMessageMoveTaskCommand({ SourceArn: arn });
      await refused(w.sqs.send(command), /InvalidParameterValue|ResourceNotFound/, 400);
    },
  ),
];
