import type { DatabaseSync } from "node:sqlite";
import { allRows } from "../database.ts";

/**
 * Keys are kept as their UTF-8 bytes, so that SQLite's order is S3's order and no character is special. Small
 * bodies lie in the row, as its last column; large ones in a file under an opaque name; those of multipart uploads
 * in a file for each part. A completed upload's parts stay and belong to its object, which names the upload.
 */
const tables = `
CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS objects (
  id INTEGER PRIMARY KEY,
  bucket TEXT NOT NULL,
  key BLOB NOT NULL,
  bytes INTEGER NOT NULL,
  etag TEXT NOT NULL,
  modified_ms INTEGER NOT NULL,
  headers TEXT NOT NULL,
  checksum TEXT,
  file TEXT,
  body BLOB
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS objects_by_key ON objects (bucket, key);
CREATE INDEX IF NOT EXISTS objects_by_file ON objects (file) WHERE file IS NOT NULL;

CREATE TABLE IF NOT EXISTS uploads (
  id TEXT PRIMARY KEY,
  bucket TEXT NOT NULL,
  key BLOB NOT NULL,
  created_ms INTEGER NOT NULL,
  headers TEXT NOT NULL,
  algorithm TEXT,
  type TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS uploads_by_key ON uploads (bucket, key, id);

CREATE TABLE IF NOT EXISTS parts (
  upload TEXT NOT NULL,
  number INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  etag TEXT NOT NULL,
  checksum TEXT NOT NULL,
  modified_ms INTEGER NOT NULL,
  file TEXT NOT NULL,
  PRIMARY KEY (upload, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS parts_by_file ON parts (file);

CREATE TABLE IF NOT EXISTS event_sequence (one INTEGER PRIMARY KEY CHECK (one = 1), value INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO event_sequence VALUES (1, 0);
`;

/** Columns that came later than their table: a folder of an earlier version gets them. */
const additions = [
  { table: "buckets", column: "notifications", definition: "TEXT" },
  { table: "objects", column: "upload", definition: "TEXT" },
];

export function prepareS3Schema(database: DatabaseSync): void {
  database.exec(tables);
  for (const { table, column, definition } of additions) {
    const columns = allRows<{ name: string }>(
      database.prepare("SELECT name FROM pragma_table_info(?)"),
      table,
    );
    if (columns.some(({ name }) => name === column)) continue;
    database.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${definition}`);
  }
}
