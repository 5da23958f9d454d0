import { createBucket } from "./s3/buckets.ts";
import type { S3State } from "./s3/state.ts";
import { createQueue } from "./sqs/lifecycle.ts";
import { arnOf, type SqsState } from "./sqs/state.ts";

export interface ProvisionedQueue {
  name: string;
  /** Name of its dead-letter queue, which is created as well. */
  deadLetter?: string;
}

export interface Provision {
  queues?: readonly ProvisionedQueue[];
  buckets?: readonly string[];
}

/** Dead letters are kept as long as SQS can keep anything: 14 days. */
const DEAD_LETTER_ATTRIBUTES = { MessageRetentionPeriod: "1209600" };
/** SQS's highest value: a far backstop, since consumers have their own, finer limits. */
const MAX_RECEIVE_COUNT = 1000;

/** Creates the queues and buckets that do not exist yet; those that do are left as they are. */
export async function provision(sqs: SqsState, s3: S3State, wanted: Provision): Promise<void> {
  await sqs.group.run(() => {
    for (const { name, deadLetter } of wanted.queues ?? []) {
      if (deadLetter !== undefined && !sqs.queues.has(deadLetter)) {
        createQueue(sqs, deadLetter, { ...kindOf(deadLetter), ...DEAD_LETTER_ATTRIBUTES });
      }
      if (!sqs.queues.has(name))
        createQueue(sqs, name, {
          ...kindOf(name),
          ...(deadLetter === undefined ? {} : redrive(sqs, deadLetter)),
        });
    }
    for (const name of wanted.buckets ?? []) createBucket(s3, name);
  });
}

const kindOf = (name: string): Record<string, string> =>
  name.endsWith(".fifo") ? { FifoQueue: "true" } : {};

function redrive(sqs: SqsState, deadLetter: string): Record<string, string> {
  const policy = { deadLetterTargetArn: arnOf(sqs, deadLetter), maxReceiveCount: MAX_RECEIVE_COUNT };
  return { RedrivePolicy: JSON.stringify(policy) };
}
