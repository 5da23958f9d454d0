import { AwsError } from "../aws-error.ts";
import { arm, dueAt, settle } from "./due.ts";
import type { LiveQueue, Taken, Waiter } from "./live-queue.ts";
import { IN_FLIGHT, VISIBLE, type FullMessage } from "./message-table.ts";
import { arnOf, queueByArn, type SqsState } from "./state.ts";

/** SQS's limit of messages in flight for a standard queue. */
const MAX_IN_FLIGHT = 120_000;

export interface PollOptions {
  /** 1 to 10. */
  max: number;
  waitMs: number;
  visibilityMs: number;
  /** False when the client is known to have gone. */
  alive: () => boolean;
  /** Registers what to do when the client goes; returns a function that forgets it. */
  onGone: (fn: () => void) => () => void;
}

/**
 * Receives messages, waiting up to `waitMs` for the first one. A client that goes away takes nothing with it:
 * messages are given at the end of a turn of the event loop, when the end of every connection that had ended
 * before the message came has been seen.
 */
export function poll(state: SqsState, queue: LiveQueue, options: PollOptions): Promise<Taken[]> {
  return new Promise((resolve, reject) => {
    const releases: (() => void)[] = [];
    const leave = () => {
      queue.waiters.delete(waiter);
      queue.immediate.delete(waiter);
      for (const release of releases) release();
    };
    const waiter: Waiter = {
      max: options.max,
      visibilityMs: options.visibilityMs,
      alive: options.alive,
      finish: (taken) => {
        leave();
        resolve(taken);
      },
      fail: (error) => {
        leave();
        reject(error);
      },
    };
    if (options.waitMs > 0 && !state.closed) {
      queue.waiters.add(waiter);
      releases.push(
        state.clock.after(options.waitMs, () => waiter.finish([])),
        options.onGone(() => waiter.finish([])),
      );
    } else {
      queue.immediate.add(waiter);
    }
    state.group.run(() => state.touched.add(queue)).catch(waiter.fail);
  });
}

/** The last step of every transaction: looks at each touched queue, gives messages to those who wait. */
export function deliver(state: SqsState): void {
  const now = state.clock.now();
  // A queue touched meanwhile (a dead letter arrived) is appended to the set and visited as well.
  for (const queue of state.touched) {
    state.touched.delete(queue);
    if (state.queues.get(queue.name) !== queue) continue;
    settle(state, queue, now);
    serveWaiters(state, queue, now);
    serveImmediate(state, queue, now);
    arm(state, queue, now);
  }
}

function serveWaiters(state: SqsState, queue: LiveQueue, now: number): void {
  for (const waiter of queue.waiters) {
    if (queue.counts[VISIBLE] === 0) return;
    if (!waiter.alive()) {
      waiter.finish([]);
      continue;
    }
    const taken = take(state, queue, waiter, now);
    if (taken.length === 0) return;
    queue.waiters.delete(waiter);
    state.group.settle(() => waiter.finish(taken), waiter.fail);
  }
}

function serveImmediate(state: SqsState, queue: LiveQueue, now: number): void {
  for (const waiter of queue.immediate) {
    queue.immediate.delete(waiter);
    if (waiter.alive() && queue.counts[IN_FLIGHT] >= MAX_IN_FLIGHT) {
      const refusal = new AwsError(
        "OverLimit",
        `The queue has ${MAX_IN_FLIGHT} messages in flight, the most allowed.`,
      );
      state.group.settle(() => waiter.fail(refusal), waiter.fail);
      continue;
    }
    const taken = waiter.alive() ? take(state, queue, waiter, now) : [];
    state.group.settle(() => waiter.finish(taken), waiter.fail);
  }
}

function take(state: SqsState, queue: LiveQueue, waiter: Waiter, now: number): Taken[] {
  const room = Math.min(waiter.max, MAX_IN_FLIGHT - queue.counts[IN_FLIGHT]);
  const taken: Taken[] = [];
  while (taken.length < room && queue.counts[VISIBLE] > 0) {
    const found = state.messages.visible(queue.pool, room - taken.length);
    if (found.length === 0) throw new Error(`queue ${queue.name} counts messages that it does not have`);
    for (const message of found) {
      if (moveToDeadLetters(state, queue, message, now)) continue;
      taken.push(takeOne(state, queue, message, now, waiter.visibilityMs));
    }
  }
  return taken;
}

function takeOne(
  state: SqsState,
  queue: LiveQueue,
  before: FullMessage,
  now: number,
  visibilityMs: number,
): Taken {
  const dueMs = now + visibilityMs;
  const receipt = before.receipt + 1;
  state.messages.take(before, receipt, now, dueMs);
  queue.counts[VISIBLE]--;
  queue.counts[IN_FLIGHT]++;
  dueAt(queue, dueMs);
  const message: FullMessage = {
    ...before,
    state: IN_FLIGHT,
    due_ms: dueMs,
    receipt,
    receive_count: before.receive_count + 1,
    received_ms: now,
    first_received_ms: before.first_received_ms ?? now,
  };
  return { before, message };
}

/**
 * Instead of being received more than maxReceiveCount times, a message moves to the dead-letter queue. It keeps
 * its id, its receive count and, since retention counts from the original enqueue, its sent timestamp
 * (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html).
 */
function moveToDeadLetters(state: SqsState, queue: LiveQueue, message: FullMessage, now: number): boolean {
  const policy = queue.settings.redrive;
  if (policy === undefined || message.receive_count < policy.maxReceiveCount) return false;
  const target = queueByArn(state, policy.deadLetterTargetArn);
  if (target === undefined) return false; // deleted since: SQS goes on delivering
  state.messages.move(message.seq, target.pool, now, arnOf(state, queue.name));
  queue.counts[VISIBLE]--;
  target.counts[VISIBLE]++;
  dueAt(target, message.sent_ms + target.settings.retentionMs);
  state.touched.add(target);
  return true;
}

/** Undoes a receive whose answer reached nobody: the messages stand where they stood, and no receive is counted. */
export function putBack(state: SqsState, queue: LiveQueue, taken: readonly Taken[]): Promise<void> {
  return state.group.run(() => {
    for (const { before, message } of taken) {
      const now = state.messages.find(queue.pool, message.seq);
      if (now === undefined || now.state !== IN_FLIGHT || now.receipt !== message.receipt) continue;
      state.messages.putBack(before);
      queue.counts[IN_FLIGHT]--;
      queue.counts[VISIBLE]++;
    }
    state.touched.add(queue);
  });
}
