import type { FullMessage, MessageRow } from "./message-table.ts";
import { settingsOf, type AttributeMap, type QueueSettings } from "./queue-attributes.ts";
import type { QueueRow } from "./queue-table.ts";

/** A message that was just received: as it was before, and what the receiver is told. */
export interface Taken {
  before: MessageRow;
  message: FullMessage;
}

/** A receive that waits for messages. It is settled once. */
export interface Waiter {
  max: number;
  visibilityMs: number;
  attemptId: string | undefined;
  /** False when nobody would read the answer. */
  alive: () => boolean;
  finish: (taken: Taken[]) => void;
  fail: (error: unknown) => void;
}

/** A queue as it is now. Counts and due time are kept here, so that nothing is ever counted or polled. */
export interface LiveQueue {
  readonly name: string;
  readonly createdMs: number;
  /** Its first pool: what outlives a purge hangs on this number. */
  readonly origin: number;
  readonly fifo: boolean;
  pool: number;
  modifiedMs: number;
  purgedMs: number | null;
  tags: Readonly<Record<string, string>>;
  attributes: AttributeMap;
  settings: QueueSettings;
  /** How many messages are visible, in flight, delayed: indexed by State. */
  counts: [number, number, number];
  /** Nothing is due before this moment; at this moment something may be. */
  nextDueMs: number;
  /** Long polls, first come first served. */
  readonly waiters: Set<Waiter>;
  /** Polls that do not wait; answered at the end of the turn. */
  readonly immediate: Set<Waiter>;
  timer: { atMs: number; cancel: () => void } | undefined;
}

export function liveQueue(row: QueueRow, counts: [number, number, number]): LiveQueue {
  const attributes = JSON.parse(row.attributes) as AttributeMap;
  return {
    name: row.name,
    createdMs: row.created_ms,
    origin: row.origin,
    fifo: row.name.endsWith(".fifo"),
    pool: row.pool,
    modifiedMs: row.modified_ms,
    purgedMs: row.purged_ms,
    tags: JSON.parse(row.tags) as Record<string, string>,
    attributes,
    settings: settingsOf(attributes),
    counts,
    nextDueMs: 0,
    waiters: new Set(),
    immediate: new Set(),
    timer: undefined,
  };
}

export function rowOf(queue: LiveQueue): QueueRow {
  return {
    name: queue.name,
    pool: queue.pool,
    origin: queue.origin,
    created_ms: queue.createdMs,
    modified_ms: queue.modifiedMs,
    purged_ms: queue.purgedMs,
    attributes: JSON.stringify(queue.attributes),
    tags: JSON.stringify(queue.tags),
  };
}
