/**
 * Keys are kept as their UTF-8 bytes, so that SQLite's order is S3's order and no character is special. Small
 * bodies lie in the row, as its last column; large ones in a file under an opaque name.
 */
export const s3Schema = `
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
`;
