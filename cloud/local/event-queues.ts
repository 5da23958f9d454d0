import { hash } from "node:crypto";
import type { EventQueues } from "./s3/state.ts";
import { put } from "./sqs/changes.ts";
import { queueByArn, type SqsState } from "./sqs/state.ts";

/** S3's events as messages of SQS. Both services share one transaction, so an event is as durable as its effect. */
export function eventQueues(sqs: SqsState): EventQueues {
  return {
    // FIFO queues cannot be destinations of events (S3 user guide, "Supported event destinations").
    accepts: (arn) => !arn.endsWith(".fifo") && queueByArn(sqs, arn) !== undefined,
    send(arn, body) {
      const queue = queueByArn(sqs, arn);
      if (queue === undefined) return;
      const md5 = hash("md5", body, "hex");
      const { delayMs } = queue.settings;
      const message = { body, md5, attributes: null, system: null, group: undefined, delayMs };
      put(sqs, queue, message);
    },
  };
}
