import type { DatabaseSync } from "node:sqlite";
import { allRows } from "../database.ts";

export interface QueueRow {
  name: string;
  /** The pool of its messages now. */
  pool: number;
  /** Its first pool: stays when it is purged, and is never that of another queue. */
  origin: number;
  created_ms: number;
  modified_ms: number;
  purged_ms: number | null;
  /** JSON: the attributes that were set, as AWS spells them. */
  attributes: string;
  /** JSON: its tags. */
  tags: string;
}

export type QueueTable = ReturnType<typeof openQueueTable>;

export function openQueueTable(database: DatabaseSync) {
  const all = database.prepare("SELECT * FROM queues ORDER BY name");
  const put = database.prepare(
    `INSERT OR REPLACE INTO queues (name, pool, origin, created_ms, modified_ms, purged_ms, attributes, tags)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = database.prepare("DELETE FROM queues WHERE name = ?");
  const newPool = database.prepare("INSERT INTO pools (doomed) VALUES (0)");
  const doom = database.prepare("UPDATE pools SET doomed = 1 WHERE pool = ?");
  const doomed = database.prepare("SELECT pool FROM pools WHERE doomed = 1 LIMIT 1");
  const forget = database.prepare("DELETE FROM pools WHERE pool = ?");
  const remember = database.prepare("INSERT OR REPLACE INTO deleted_queues VALUES (?, ?)");
  const forgetOld = database.prepare("DELETE FROM deleted_queues WHERE deleted_ms <= ?");
  const deleted = database.prepare("SELECT 1 FROM deleted_queues WHERE name = ? AND deleted_ms > ?");

  return {
    all: () => allRows<QueueRow>(all),
    put: (row: QueueRow) =>
      void put.run(
        row.name,
        row.pool,
        row.origin,
        row.created_ms,
        row.modified_ms,
        row.purged_ms,
        row.attributes,
        row.tags,
      ),
    /** `oldMs`: deletions at or before it may be forgotten. */
    remove(name: string, now: number, oldMs: number): void {
      remove.run(name);
      forgetOld.run(oldMs);
      remember.run(name, now);
    },
    /** Whether a queue of this name was deleted after a moment. */
    deletedSince: (name: string, ms: number) => allRows(deleted, name, ms).length > 0,
    newPool: () => Number(newPool.run().lastInsertRowid),
    /** Gives a pool's messages up; they are out of reach at once and swept later. */
    doom: (pool: number) => void doom.run(pool),
    doomedPool: () => allRows<{ pool: number }>(doomed)[0]?.pool,
    forgetPool: (pool: number) => void forget.run(pool),
  };
}
