import { dueAt } from "./due.ts";
import type { LiveQueue } from "./live-queue.ts";
import { VISIBLE, type FullMessage } from "./message-table.ts";
import { arnOf, queueByArn, type SqsState } from "./state.ts";

/**
 * Instead of being received more than maxReceiveCount times, a message moves to the dead-letter queue. It keeps
 * its id and its receive count. Retention counts from the original enqueue, so it keeps its sent timestamp too,
 * except in a FIFO queue, where the move is a new enqueue: there it goes to the end of its group
 * (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html).
 */
export function moveToDeadLetters(
  state: SqsState,
  queue: LiveQueue,
  message: FullMessage,
  now: number,
): boolean {
  const policy = queue.settings.redrive;
  if (policy === undefined || message.receive_count < policy.maxReceiveCount) return false;
  const target = queueByArn(state, policy.deadLetterTargetArn);
  if (target === undefined || target.fifo !== queue.fifo) return false; // deleted since: SQS goes on delivering
  const movedFrom = arnOf(state, queue.name);
  if (queue.fifo) {
    const grp = state.groups.of(target.pool, groupName(message));
    state.messages.reinsert(message.seq, {
      pool: target.pool,
      state: VISIBLE,
      dueMs: now,
      sentMs: now,
      movedFrom,
      grp,
      newId: undefined,
    });
    state.groups.refresh(grp);
  } else {
    state.messages.move(message.seq, target.pool, now, movedFrom);
  }
  queue.counts[VISIBLE]--;
  target.counts[VISIBLE]++;
  dueAt(target, (queue.fifo ? now : message.sent_ms) + target.settings.retentionMs);
  state.touched.add(target);
  return true;
}

/** The message group that a message was sent with. */
export function groupName({ system }: Pick<FullMessage, "system">): string {
  return (JSON.parse(system ?? "{}") as { MessageGroupId?: string }).MessageGroupId ?? "";
}
