import { randomUUID } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import { dueAt, settle } from "./due.ts";
import type { LiveQueue } from "./live-queue.ts";
import { DELAYED, IN_FLIGHT, VISIBLE } from "./message-table.ts";
import type { SqsState } from "./state.ts";

/** A message may be hidden for twelve hours in all, counted from its receive. */
const MAX_HIDDEN_MS = 12 * 3600 * 1000;

export interface Outgoing {
  body: string;
  md5: string;
  attributes: string | null;
  delayMs: number;
}

/** Puts a message in the queue; answers its id. Inside a transaction. */
export function put(state: SqsState, queue: LiveQueue, message: Outgoing): string {
  const now = state.clock.now();
  const id = randomUUID();
  const inState = message.delayMs > 0 ? DELAYED : VISIBLE;
  state.messages.insert({
    pool: queue.pool,
    state: inState,
    dueMs: now + message.delayMs,
    sentMs: now,
    id,
    sender: state.account,
    md5: message.md5,
    attributes: message.attributes,
    body: message.body,
  });
  queue.counts[inState]++;
  if (inState === DELAYED) dueAt(queue, now + message.delayMs);
  dueAt(queue, now + queue.settings.retentionMs);
  state.touched.add(queue);
  return id;
}

/**
 * Deletes the message a handle stands for. With a handle that is not the message's newest, the request succeeds
 * and deletes nothing, as the API reference of DeleteMessage says. With the newest one it deletes, even if the
 * message has become visible again. Inside a transaction.
 */
export function remove(state: SqsState, queue: LiveQueue, handle: string): void {
  const receipt = state.receipts.read(handle);
  if (receipt.pool !== queue.pool) return;
  const row = state.messages.find(queue.pool, receipt.seq);
  if (row === undefined || row.receipt !== receipt.receipt) return;
  state.messages.remove(row.seq);
  queue.counts[row.state]--;
  state.touched.add(queue);
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
  const receipt = state.receipts.read(handle);
  const now = state.clock.now();
  settle(state, queue, now);
  state.touched.add(queue);
  const row = state.messages.find(queue.pool, receipt.seq);
  if (row === undefined || receipt.pool !== queue.pool || row.receipt !== receipt.receipt) {
    throw new AwsError(
      "InvalidParameterValue",
      `Value ${handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
    );
  }
  if (row.state !== IN_FLIGHT) {
    throw new AwsError("MessageNotInflight", "The specified message isn't in flight.");
  }
  if (now - (row.received_ms ?? now) + visibilityMs > MAX_HIDDEN_MS) {
    throw new AwsError(
      "InvalidParameterValue",
      `Value ${visibilityMs / 1000} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].`,
    );
  }
  if (visibilityMs === 0) {
    state.messages.setDue(row.seq, VISIBLE, now);
    queue.counts[IN_FLIGHT]--;
    queue.counts[VISIBLE]++;
    return;
  }
  state.messages.setDue(row.seq, IN_FLIGHT, now + visibilityMs);
  dueAt(queue, now + visibilityMs);
}
