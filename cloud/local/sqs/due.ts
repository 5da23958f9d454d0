import type { LiveQueue } from "./live-queue.ts";
import { DELAYED, IN_FLIGHT, VISIBLE, type State } from "./message-table.ts";
import type { SqsState } from "./state.ts";

/** Messages moved in one step; more wait for the next turn, so that requests are answered in between. */
const MAX_PER_STEP = 2000;
/** setTimeout's own limit; a later event is simply looked at again then. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Brings a queue up to `now`: what is due becomes visible, what is too old is gone. Inside a transaction. */
export function settle(state: SqsState, queue: LiveQueue, now: number): void {
  if (now < queue.nextDueMs) return;
  // Age first: a message that is too old must not become visible once more.
  const tooOld = state.messages.sentBefore(queue.pool, now - queue.settings.retentionMs, MAX_PER_STEP);
  for (const { seq, state: from, grp } of tooOld) {
    state.messages.remove(seq);
    state.groups.refresh(grp);
    queue.counts[from]--;
  }
  for (const from of [IN_FLIGHT, DELAYED] as const) {
    const released = release(state, queue, from, now);
    queue.counts[from] -= released;
    queue.counts[VISIBLE] += released;
  }
  queue.nextDueMs = Math.min(
    state.messages.nextDueMs(queue.pool, IN_FLIGHT),
    state.messages.nextDueMs(queue.pool, DELAYED),
    state.messages.oldestMs(queue.pool) + queue.settings.retentionMs,
  );
}

function release(state: SqsState, queue: LiveQueue, from: State, now: number): number {
  if (!queue.fifo) return state.messages.release(queue.pool, from, now, MAX_PER_STEP);
  const grouped = state.messages.releaseGrouped(queue.pool, from, now, MAX_PER_STEP);
  for (const grp of new Set(grouped)) state.groups.refresh(grp);
  return grouped.length;
}

/** Remembers that something is due at `ms`. */
export function dueAt(queue: LiveQueue, ms: number): void {
  queue.nextDueMs = Math.min(queue.nextDueMs, ms);
}

/** One timer a queue, for its next due event. */
export function arm(state: SqsState, queue: LiveQueue, now: number): void {
  if (queue.timer !== undefined && queue.timer.atMs <= queue.nextDueMs) return;
  disarm(queue);
  if (queue.nextDueMs === Infinity || state.closed) return;
  const waitMs = Math.min(Math.max(queue.nextDueMs - now, 0), MAX_TIMER_MS);
  const cancel = state.clock.after(waitMs, () => {
    queue.timer = undefined;
    state.group.run(() => state.touched.add(queue)).catch(state.report);
  });
  queue.timer = { atMs: queue.nextDueMs, cancel };
}

export function disarm(queue: LiveQueue): void {
  queue.timer?.cancel();
  queue.timer = undefined;
}
