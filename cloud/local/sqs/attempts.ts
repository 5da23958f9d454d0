import { dueAt, settle } from "./due.ts";
import type { LiveQueue, Taken } from "./live-queue.ts";
import { IN_FLIGHT } from "./message-table.ts";
import type { SqsState } from "./state.ts";

/** How long a receive can be repeated (API reference, ReceiveRequestAttemptId). */
const REPEATABLE_MS = 5 * 60 * 1000;

/** Inside a transaction. A receive that found nothing can be made again anyhow. */
export function rememberAttempt(
  state: SqsState,
  queue: LiveQueue,
  attemptId: string | undefined,
  taken: readonly Taken[],
  now: number,
): void {
  if (attemptId === undefined || taken.length === 0) return;
  const receipts = taken.map(({ message }) => ({
    seq: message.seq,
    receipt: message.receipt,
    dueMs: message.due_ms,
  }));
  state.attempts.remember(queue.origin, attemptId, receipts, now, now + REPEATABLE_MS);
}

/**
 * The messages that a receive with this id was given before, hidden anew for `visibilityMs`, with the same receipt
 * handles. Undefined when there was none, or when any of its messages was deleted, handed back, extended or has
 * become visible since: then the id stands for a new receive. Inside a transaction.
 */
export function repeatAttempt(
  state: SqsState,
  queue: LiveQueue,
  attemptId: string,
  visibilityMs: number,
): Taken[] | undefined {
  const now = state.clock.now();
  settle(state, queue, now);
  state.touched.add(queue);
  const receipts = state.attempts.find(queue.origin, attemptId, now) ?? [];
  const taken = receipts.flatMap(({ seq, receipt, dueMs }) => {
    const message = state.messages.full(queue.pool, seq);
    const same = message?.state === IN_FLIGHT && message.receipt === receipt && message.due_ms === dueMs;
    return same ? [{ before: message, message: { ...message, due_ms: now + visibilityMs } }] : [];
  });
  if (taken.length === 0 || taken.length < receipts.length) return undefined;
  for (const { message } of taken) state.messages.setDue(message.seq, IN_FLIGHT, message.due_ms);
  dueAt(queue, now + visibilityMs);
  rememberAttempt(state, queue, attemptId, taken, now);
  return taken;
}
