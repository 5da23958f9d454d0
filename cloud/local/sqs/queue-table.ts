import type { DatabaseSync } from "node:sqlite";
import { allRows } from "../database.ts";

export interface QueueRow {
  name: string;
  pool: number;
  created_ms: number;
  modified_ms: number;
  /** JSON: the attributes that were set, as AWS spells them. */
  attributes: string;
}

export type QueueTable = ReturnType<typeof openQueueTable>;

export function openQueueTable(database: DatabaseSync) {
  const all = database.prepare("SELECT * FROM queues ORDER BY name");
  const put = database.prepare("INSERT OR REPLACE INTO queues VALUES (?, ?, ?, ?, ?)");
  const remove = database.prepare("DELETE FROM queues WHERE name = ?");
  const newPool = database.prepare("INSERT INTO pools (doomed) VALUES (0)");
  const doom = database.prepare("UPDATE pools SET doomed = 1 WHERE pool = ?");
  const doomed = database.prepare("SELECT pool FROM pools WHERE doomed = 1 LIMIT 1");
  const forget = database.prepare("DELETE FROM pools WHERE pool = ?");

  return {
    all: () => allRows<QueueRow>(all),
    put: (row: QueueRow) => void put.run(row.name, row.pool, row.created_ms, row.modified_ms, row.attributes),
    remove: (name: string) => void remove.run(name),
    newPool: () => Number(newPool.run().lastInsertRowid),
    /** Gives a pool's messages up; they are out of reach at once and swept later. */
    doom: (pool: number) => void doom.run(pool),
    doomedPool: () => allRows<{ pool: number }>(doomed)[0]?.pool,
    forgetPool: (pool: number) => void forget.run(pool),
  };
}
