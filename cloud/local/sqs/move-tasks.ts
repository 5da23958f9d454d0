import { randomUUID } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import { groupName } from "./dead-letters.ts";
import { dueAt, settle } from "./due.ts";
import type { LiveQueue } from "./live-queue.ts";
import { DELAYED, VISIBLE, type FullMessage } from "./message-table.ts";
import { queueByArn, type SqsState } from "./state.ts";
import type { TaskRow } from "./task-table.ts";

/** Messages moved in one turn by a task without a rate: some milliseconds of work. */
const MAX_PER_TURN = 200;
const SECOND_MS = 1000;

/** Goes on with the tasks that ran when the cloud ended. */
export function resumeMoveTasks(state: SqsState): void {
  for (const { task } of state.tasks.running()) carryOn(state, task);
}

/** Moves messages of a task in the background until it has ended. */
export function carryOn(state: SqsState, task: number): void {
  run(state, task).catch(state.report);
}

async function run(state: SqsState, task: number): Promise<void> {
  while (!state.closed) {
    const row = await state.group.run(() => step(state, task));
    if (row?.status !== "RUNNING") return;
    if (row.rate !== null) await pause(state);
  }
}

function pause(state: SqsState): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      state.pauses.delete(stop);
      resolve();
    };
    const cancel = state.clock.after(SECOND_MS, done);
    const stop = () => {
      cancel();
      done();
    };
    state.pauses.add(stop);
  });
}

/** One turn's work of a task; answers what has become of it. Inside a transaction. */
function step(state: SqsState, task: number): TaskRow | undefined {
  const row = state.tasks.find(task);
  if (row?.status !== "RUNNING") return row;
  const after = moveSome(state, row);
  state.tasks.update(after);
  return after;
}

function moveSome(state: SqsState, row: TaskRow): TaskRow {
  const source = queueByArn(state, row.source);
  if (source === undefined) return failed(row, "AWS.SimpleQueueService.NonExistentQueue");
  settle(state, source, state.clock.now());
  // No more than there were at the start, or a message that fails again at once would go round for ever.
  const max = Math.min(row.rate ?? MAX_PER_TURN, row.to_move - row.moved);
  let { moved } = row;
  while (moved < row.moved + max) {
    const [message] = source.fifo
      ? state.groups.next(source.pool, 1)
      : state.messages.visible(source.pool, 1);
    if (message === undefined) break;
    const arn = row.destination ?? message.moved_from;
    if (arn === null) return failed({ ...row, moved }, "CouldNotDetermineMessageSource");
    const target = queueByArn(state, arn);
    if (target === undefined) return failed({ ...row, moved }, "AWS.SimpleQueueService.NonExistentQueue");
    moveOne(state, source, target, message);
    moved++;
  }
  const ended = moved >= row.to_move || moved < row.moved + max;
  return { ...row, moved, status: ended ? "COMPLETED" : "RUNNING" };
}

const failed = (row: TaskRow, failure: string): TaskRow => ({ ...row, status: "FAILED", failure });

/**
 * A redriven message is a new one: a new id, a new retention period, never received
 * (SQS developer guide, "Configuring a dead-letter queue redrive").
 */
function moveOne(state: SqsState, source: LiveQueue, target: LiveQueue, message: FullMessage): void {
  const now = state.clock.now();
  const { delayMs, retentionMs } = target.settings;
  const into = delayMs > 0 ? DELAYED : VISIBLE;
  const grp = target.fifo ? state.groups.of(target.pool, groupName(message)) : null;
  state.messages.reinsert(message.seq, {
    pool: target.pool,
    state: into,
    dueMs: now + delayMs,
    sentMs: now,
    movedFrom: null,
    grp,
    newId: randomUUID(),
  });
  state.groups.refresh(message.grp);
  state.groups.refresh(grp);
  source.counts[VISIBLE]--;
  target.counts[into]++;
  if (into === DELAYED) dueAt(target, now + delayMs);
  dueAt(target, now + retentionMs);
  state.touched.add(source).add(target);
}

/** Whether some queue has this one as its dead-letter queue. */
export function isDeadLetterQueue(state: SqsState, arn: string): boolean {
  return [...state.queues.values()].some((it) => it.settings.redrive?.deadLetterTargetArn === arn);
}

/** Throws AwsError `ResourceNotFoundException` for an ARN that is no queue of this cloud. */
export function requireQueue(state: SqsState, parameter: string, arn: string): LiveQueue {
  const queue = queueByArn(state, arn);
  if (queue !== undefined) return queue;
  throw new AwsError(
    "ResourceNotFoundException",
    `The resource that you specified for the ${parameter} parameter doesn't exist.`,
  );
}
