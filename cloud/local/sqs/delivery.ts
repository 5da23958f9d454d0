import { AwsError } from "../aws-error.ts";
import { arm, dueAt, settle } from "./due.ts";
import type { LiveQueue, Taken, Waiter } from "./live-queue.ts";
import { IN_FLIGHT, VISIBLE, type FullMessage } from "./message-table.ts";
import { rememberAttempt } from "./attempts.ts";
import { moveToDeadLetters } from "./dead-letters.ts";
import type { SqsState } from "./state.ts";

/** SQS's limit of messages in flight for a standard queue. */
const MAX_IN_FLIGHT = 120_000;
/** How far reordering reaches: more than one receive can take. */
const REORDER_WINDOW = 50;

/** What a receive wants, once its queue is known. */
export interface Poll {
  queue: LiveQueue;
  /** 1 to 10. */
  max: number;
  waitMs: number;
  visibilityMs: number;
  /** Under which a receive from a FIFO queue can be repeated. */
  attemptId?: string | undefined;
}

/** Who waits for the messages. */
export interface Receiver {
  /** False when the client is known to have gone. */
  alive: () => boolean;
  /** Registers what to do when the client goes; returns a function that forgets it. */
  onGone: (fn: () => void) => () => void;
}

/**
 * Receives messages, waiting up to `waitMs` for the first one. `plan` is called inside the transaction; it may also
 * answer messages at once. A client that goes away takes nothing with it: messages are given at the end of a turn of
 * the event loop, when the end of every connection that had ended before the message came has been seen.
 */
export function poll(state: SqsState, receiver: Receiver, plan: () => Poll | Taken[]): Promise<Taken[]> {
  return new Promise((resolve, reject) => {
    state.group
      .run(() => {
        const wanted = plan();
        if (Array.isArray(wanted)) state.group.settle(() => resolve(wanted), reject);
        else join(state, wanted, receiver, resolve, reject);
      })
      .catch(reject);
  });
}

/** Puts a receive in line; the end of the transaction serves it when it can. */
function join(
  state: SqsState,
  { queue, max, waitMs, visibilityMs, attemptId }: Poll,
  { alive, onGone }: Receiver,
  resolve: (taken: Taken[]) => void,
  reject: (error: unknown) => void,
): void {
  const releases: (() => void)[] = [];
  const leave = () => {
    queue.waiters.delete(waiter);
    queue.immediate.delete(waiter);
    for (const release of releases) release();
  };
  const waiter: Waiter = {
    max,
    visibilityMs,
    attemptId,
    alive,
    finish: (taken) => {
      leave();
      resolve(taken);
    },
    fail: (error) => {
      leave();
      reject(error);
    },
  };
  state.touched.add(queue);
  state.group.settle(() => undefined, waiter.fail); // a turn that is taken back leaves nobody waiting
  if (waitMs === 0 || state.closed) {
    queue.immediate.add(waiter);
    return;
  }
  queue.waiters.add(waiter);
  releases.push(
    state.clock.after(waitMs, () => waiter.finish([])),
    onGone(() => waiter.finish([])),
  );
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
    // A FIFO queue says nothing when it is full (API reference, ChangeMessageVisibility).
    if (waiter.alive() && !queue.fifo && queue.counts[IN_FLIGHT] >= MAX_IN_FLIGHT) {
      const refusal = new AwsError(
        "OverLimit",
        `The queue has ${MAX_IN_FLIGHT} messages in flight, the most allowed.`,
      );
      state.group.settle(() => waiter.fail(refusal), waiter.fail);
      continue;
    }
    const empty = !queue.fifo && queue.counts[VISIBLE] > 0 && state.faults.strikes("empty-receive");
    const taken = waiter.alive() && !empty ? take(state, queue, waiter, now) : [];
    state.group.settle(() => waiter.finish(taken), waiter.fail);
  }
}

function take(state: SqsState, queue: LiveQueue, waiter: Waiter, now: number): Taken[] {
  const room = Math.min(waiter.max, MAX_IN_FLIGHT - queue.counts[IN_FLIGHT]);
  const taken: Taken[] = [];
  while (taken.length < room && queue.counts[VISIBLE] > 0) {
    const found = candidates(state, queue, room - taken.length);
    if (found.length === 0) break; // a FIFO queue whose groups are all blocked
    for (const message of found) {
      if (moveToDeadLetters(state, queue, message, now)) continue;
      taken.push(takeOne(state, queue, message, now, waiter.visibilityMs));
    }
    state.groups.refresh(found[0]?.grp ?? null);
  }
  rememberAttempt(state, queue, waiter.attemptId, taken, now);
  return taken;
}

/** The messages that come next; those of a FIFO queue are of one group. */
function candidates(state: SqsState, queue: LiveQueue, max: number): FullMessage[] {
  if (queue.fifo) return state.groups.next(queue.pool, max);
  const found = state.faults.strikes("reorder")
    ? shuffled(state, state.messages.visible(queue.pool, REORDER_WINDOW)).slice(0, max)
    : state.messages.visible(queue.pool, max);
  if (found.length === 0) throw new Error(`queue ${queue.name} counts messages that it does not have`);
  return found;
}

function shuffled(state: SqsState, messages: FullMessage[]): FullMessage[] {
  const left = [...messages];
  return messages.flatMap(() => left.splice(state.faults.pick("reorder", left.length), 1));
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
  if (!queue.fifo && state.faults.strikes("duplicate")) giveTwice(state, queue, before, now);
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

/** Leaves a message that was just taken visible, so that somebody else receives it as well. */
function giveTwice(state: SqsState, queue: LiveQueue, { seq }: FullMessage, now: number): void {
  // One millisecond on: it must not come twice in one answer.
  state.messages.setDue(seq, IN_FLIGHT, now + 1);
  dueAt(queue, now + 1);
}

/** Undoes a receive whose answer reached nobody: the messages stand where they stood, and no receive is counted. */
export function putBack(state: SqsState, queue: LiveQueue, taken: readonly Taken[]): Promise<void> {
  return state.group.run(() => {
    for (const { before, message } of taken) {
      const now = state.messages.find(queue.pool, message.seq);
      if (now === undefined || now.state !== IN_FLIGHT || now.receipt !== message.receipt) continue;
      state.messages.putBack(before);
      state.groups.refresh(before.grp);
      queue.counts[IN_FLIGHT]--;
      queue.counts[VISIBLE]++;
    }
    state.touched.add(queue);
  });
}
