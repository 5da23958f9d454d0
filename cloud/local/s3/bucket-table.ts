import type { DatabaseSync } from "node:sqlite";
import { allRows } from "../database.ts";

export interface BucketRow {
  name: string;
  created_ms: number;
  /** JSON of the notification rules; null when there are none. */
  notifications: string | null;
}

export type BucketTable = ReturnType<typeof openBucketTable>;

export function openBucketTable(database: DatabaseSync) {
  const all = database.prepare("SELECT name, created_ms, notifications FROM buckets ORDER BY name");
  const find = database.prepare("SELECT name, created_ms, notifications FROM buckets WHERE name = ?");
  const put = database.prepare("INSERT INTO buckets (name, created_ms) VALUES (?, ?)");
  const remove = database.prepare("DELETE FROM buckets WHERE name = ?");
  const notify = database.prepare("UPDATE buckets SET notifications = ? WHERE name = ?");
  const sequence = database.prepare("UPDATE event_sequence SET value = value + 1 RETURNING value");

  return {
    all: () => allRows<BucketRow>(all),
    find: (name: string) => allRows<BucketRow>(find, name)[0],
    put: (name: string, now: number) => void put.run(name, now),
    remove: (name: string) => void remove.run(name),
    setNotifications: (name: string, rules: string | null) => void notify.run(rules, name),
    /** A number that is larger than every one before, across restarts. */
    nextSequence: () => allRows<{ value: number }>(sequence)[0]?.value ?? 0,
  };
}
