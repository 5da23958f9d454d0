import type { Clock } from "../../../base/clock.ts";
import { AwsError } from "../aws-error.ts";
import type { GroupCommit } from "../group-commit.ts";
import type { Faults } from "../nasty/faults.ts";
import type { AttemptTable } from "./attempt-table.ts";
import type { DeduplicationTable } from "./deduplication-table.ts";
import type { GroupTable } from "./group-table.ts";
import type { LiveQueue } from "./live-queue.ts";
import type { MessageTable } from "./message-table.ts";
import type { QueueTable } from "./queue-table.ts";
import type { Receipts } from "./receipt.ts";
import type { TaskTable } from "./task-table.ts";

/** What every SQS operation works on. */
export interface SqsState {
  readonly clock: Clock;
  readonly group: GroupCommit;
  readonly messages: MessageTable;
  readonly groups: GroupTable;
  readonly deduplication: DeduplicationTable;
  readonly attempts: AttemptTable;
  readonly tasks: TaskTable;
  readonly queueTable: QueueTable;
  /** What goes wrong on purpose; nothing unless a test asked for it. */
  readonly faults: Faults;
  readonly queues: Map<string, LiveQueue>;
  /** Queues to look at before this turn's commit: something arrived, became due, or someone asks. */
  readonly touched: Set<LiveQueue>;
  readonly receipts: Receipts;
  /** Pauses of background work, each with how to end it at once. */
  readonly pauses: Set<() => void>;
  readonly region: string;
  readonly account: string;
  /** Told of failures that no request is waiting for. */
  readonly report: (error: unknown) => void;
  closed: boolean;
}

export const arnOf = (state: SqsState, name: string) =>
  `arn:aws:sqs:${state.region}:${state.account}:${name}`;

/** The queue of that ARN, if this cloud has it. */
export function queueByArn(state: SqsState, arn: string): LiveQueue | undefined {
  const prefix = arnOf(state, "");
  return arn.startsWith(prefix) ? state.queues.get(arn.slice(prefix.length)) : undefined;
}

/** Throws AwsError `QueueDoesNotExist`. */
export function queueByName(state: SqsState, name: string): LiveQueue {
  const queue = state.queues.get(name);
  if (queue !== undefined) return queue;
  throw new AwsError("QueueDoesNotExist", "The specified queue does not exist.");
}
