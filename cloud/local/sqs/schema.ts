import type { DatabaseSync } from "node:sqlite";
import { allRows } from "../database.ts";

/**
 * What changes often (state, due time, counts) lies apart from what never does (the body), so that hiding or
 * handing back a message rewrites some forty bytes, not a megabyte.
 *
 * A pool is the set of messages that a queue has now. Purging or deleting a queue dooms its pool in one step,
 * whatever its size; the rows of a doomed pool are removed a few at a time.
 */
const tables = `
CREATE TABLE IF NOT EXISTS queues (
  name TEXT PRIMARY KEY,
  pool INTEGER NOT NULL UNIQUE,
  created_ms INTEGER NOT NULL,
  modified_ms INTEGER NOT NULL,
  attributes TEXT NOT NULL,
  origin INTEGER NOT NULL DEFAULT 0,
  purged_ms INTEGER,
  tags TEXT NOT NULL DEFAULT '{}'
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS deleted_queues (name TEXT PRIMARY KEY, deleted_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS pools (pool INTEGER PRIMARY KEY AUTOINCREMENT, doomed INTEGER NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS messages (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  pool INTEGER NOT NULL,
  state INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  sent_ms INTEGER NOT NULL,
  receive_count INTEGER NOT NULL,
  receipt INTEGER NOT NULL,
  received_ms INTEGER,
  first_received_ms INTEGER,
  moved_from TEXT,
  grp INTEGER
) STRICT;

CREATE TABLE IF NOT EXISTS payloads (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  sender TEXT NOT NULL,
  md5 TEXT NOT NULL,
  attributes TEXT,
  body TEXT NOT NULL,
  system TEXT
) STRICT;

CREATE TABLE IF NOT EXISTS message_groups (
  grp INTEGER PRIMARY KEY,
  pool INTEGER NOT NULL,
  name TEXT NOT NULL,
  ready INTEGER,
  UNIQUE (pool, name)
) STRICT;

CREATE TABLE IF NOT EXISTS deduplication (
  origin INTEGER NOT NULL,
  scope TEXT NOT NULL,
  dedup_id TEXT NOT NULL,
  until_ms INTEGER NOT NULL,
  id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (origin, scope, dedup_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS receive_attempts (
  origin INTEGER NOT NULL,
  attempt_id TEXT NOT NULL,
  until_ms INTEGER NOT NULL,
  receipts TEXT NOT NULL,
  PRIMARY KEY (origin, attempt_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS move_tasks (
  task INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL,
  destination TEXT,
  rate INTEGER,
  status TEXT NOT NULL,
  moved INTEGER NOT NULL,
  to_move INTEGER NOT NULL,
  started_ms INTEGER NOT NULL,
  failure TEXT
) STRICT;
`;

/** Only messages of FIFO queues have a group, so the others do not pay for its index. */
const indexes = `
CREATE INDEX IF NOT EXISTS messages_by_due ON messages (pool, state, due_ms);
CREATE INDEX IF NOT EXISTS messages_by_age ON messages (pool, sent_ms);
CREATE INDEX IF NOT EXISTS messages_by_group ON messages (grp, state, seq) WHERE grp IS NOT NULL;
CREATE INDEX IF NOT EXISTS groups_ready ON message_groups (pool, ready) WHERE ready IS NOT NULL;
CREATE INDEX IF NOT EXISTS deduplication_by_age ON deduplication (until_ms);
CREATE INDEX IF NOT EXISTS attempts_by_age ON receive_attempts (until_ms);
CREATE INDEX IF NOT EXISTS tasks_by_source ON move_tasks (source, task);
`;

/** Columns that folders made before them lack. */
const added = [
  ["queues", "origin", "INTEGER NOT NULL DEFAULT 0"],
  ["queues", "purged_ms", "INTEGER"],
  ["queues", "tags", "TEXT NOT NULL DEFAULT '{}'"],
  ["messages", "grp", "INTEGER"],
  ["payloads", "system", "TEXT"],
] as const;

/** Creates what is missing, in a new folder or in one of an earlier version. */
export function createSqsSchema(database: DatabaseSync): void {
  database.exec(tables);
  for (const [table, column, type] of added) {
    const columns = allRows<{ name: string }>(database.prepare(`PRAGMA table_info(${table})`));
    if (columns.some(({ name }) => name === column)) continue;
    database.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
  }
  database.exec("UPDATE queues SET origin = pool WHERE origin = 0");
  database.exec(indexes);
}
