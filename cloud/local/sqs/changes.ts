import { randomUUID } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import { maxLateMs } from "../nasty/faults.ts";
import { dueAt, settle } from "./due.ts";
import type { LiveQueue } from "./live-queue.ts";
import { DELAYED, IN_FLIGHT, VISIBLE, type MessageRow } from "./message-table.ts";
import type { Receipt } from "./receipt.ts";
import type { SqsState } from "./state.ts";

/** A message may be hidden for twelve hours in all, counted from its receive. */
const MAX_HIDDEN_MS = 12 * 3600 * 1000;

export interface Outgoing {
  body: string;
  md5: string;
  attributes: string | null;
  system: string | null;
  /** Message group of a FIFO queue. */
  group: string | undefined;
  delayMs: number;
}

/** Puts a message in the queue; answers its id and its number. Inside a transaction. */
export function put(state: SqsState, queue: LiveQueue, message: Outgoing): { id: string; seq: number } {
  const now = state.clock.now();
  const id = randomUUID();
  const delayMs = message.delayMs + lateness(state, queue);
  const inState = delayMs > 0 ? DELAYED : VISIBLE;
  const grp = message.group === undefined ? null : state.groups.of(queue.pool, message.group);
  const seq = state.messages.insert({
    pool: queue.pool,
    state: inState,
    dueMs: now + delayMs,
    sentMs: now,
    id,
    sender: state.account,
    md5: message.md5,
    attributes: message.attributes,
    body: message.body,
    system: message.system,
    grp,
  });
  state.groups.refresh(grp);
  queue.counts[inState]++;
  if (inState === DELAYED) dueAt(queue, now + delayMs);
  dueAt(queue, now + queue.settings.retentionMs);
  state.touched.add(queue);
  return { id, seq };
}

function lateness(state: SqsState, queue: LiveQueue): number {
  if (queue.fifo || !state.faults.strikes("late-visibility")) return 0;
  return 1 + state.faults.pick("late-visibility", maxLateMs);
}

/**
 * Deletes the message a handle stands for. With a handle that is not the message's newest, the request succeeds
 * and deletes nothing, as the API reference of DeleteMessage says. With the newest one it deletes, even if the
 * message has become visible again; not so in a FIFO queue, where that is an error. Inside a transaction.
 */
export function remove(state: SqsState, queue: LiveQueue, handle: string): void {
  const receipt = state.receipts.read(handle);
  if (queue.fifo) settle(state, queue, state.clock.now());
  const row = messageOf(state, queue, receipt);
  if (row === undefined) return;
  const newest = row.receipt === receipt.receipt;
  if (queue.fifo && !(newest && row.state === IN_FLIGHT)) throw expiredHandle(handle);
  if (!newest) return;
  state.messages.remove(row.seq);
  state.groups.refresh(row.grp);
  queue.counts[row.state]--;
  state.touched.add(queue);
}

function messageOf(state: SqsState, queue: LiveQueue, receipt: Receipt): MessageRow | undefined {
  return receipt.pool === queue.pool ? state.messages.find(queue.pool, receipt.seq) : undefined;
}

/**
 * Hides a message for another while; 0 hands it back at once. Inside a transaction.
 * Throws AwsError `MessageNotInflight` when it is visible again, `InvalidParameterValue` when it is gone, was
 * received by someone else, or would be hidden for longer than 12 hours.
 */
export function changeVisibility(
  state: SqsState,
  queue: LiveQueue,
  handle: string,
  visibilityMs: number,
): void {
  const now = state.clock.now();
  const receipt = state.receipts.read(handle);
  settle(state, queue, now);
  state.touched.add(queue);
  const row = messageOf(state, queue, receipt);
  const refusal = refusalOf(queue, row, receipt, handle);
  if (row === undefined || refusal !== undefined) {
    if (!queue.fifo && state.faults.strikes("lenient-visibility")) return;
    throw refusal ?? unavailable(handle);
  }
  if (now - (row.received_ms ?? now) + visibilityMs > MAX_HIDDEN_MS) {
    throw new AwsError(
      "InvalidParameterValue",
      `Value ${visibilityMs / 1000} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].`,
    );
  }
  if (visibilityMs === 0) {
    state.messages.setDue(row.seq, VISIBLE, now);
    state.groups.refresh(row.grp);
    queue.counts[IN_FLIGHT]--;
    queue.counts[VISIBLE]++;
    return;
  }
  state.messages.setDue(row.seq, IN_FLIGHT, now + visibilityMs);
  dueAt(queue, now + visibilityMs);
}

function refusalOf(
  queue: LiveQueue,
  row: MessageRow | undefined,
  receipt: Receipt,
  handle: string,
): AwsError | undefined {
  if (row === undefined) return unavailable(handle);
  const newest = row.receipt === receipt.receipt;
  if (newest && row.state === IN_FLIGHT) return undefined;
  if (queue.fifo) return expiredHandle(handle);
  if (!newest) return unavailable(handle);
  return new AwsError("MessageNotInflight", "The specified message isn't in flight.");
}

const unavailable = (handle: string) =>
  new AwsError(
    "InvalidParameterValue",
    `Value ${handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
  );

const expiredHandle = (handle: string) =>
  new AwsError(
    "InvalidParameterValue",
    `Value ${handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
  );
