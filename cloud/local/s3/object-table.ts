import type { DatabaseSync } from "node:sqlite";
import { allRows } from "../database.ts";

export interface ObjectHead {
  key: Uint8Array;
  bytes: number;
  /** MD5 in hexadecimal, without quotes. */
  etag: string;
  modified_ms: number;
}

export interface ObjectRow extends ObjectHead {
  bucket: string;
  /** JSON: response headers kept with the object, content-type and user metadata among them. */
  headers: string;
  /** `crc32:BASE64`, or null when the client sent none. */
  checksum: string | null;
  /** Name of the file with the body; null when the body is in the row. */
  file: string | null;
}

export interface NewObject extends ObjectRow {
  body: Uint8Array | null;
}

export type ObjectTable = ReturnType<typeof openObjectTable>;

export function openObjectTable(database: DatabaseSync) {
  const head = "key, bytes, etag, modified_ms";
  const find = database.prepare(
    `SELECT ${head}, bucket, headers, checksum, file FROM objects WHERE bucket = ? AND key = ?`,
  );
  const findWithBody = database.prepare(
    `SELECT ${head}, bucket, headers, checksum, file, body FROM objects WHERE bucket = ? AND key = ?`,
  );
  const put = database.prepare(
    `INSERT INTO objects (bucket, key, bytes, etag, modified_ms, headers, checksum, file, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (bucket, key) DO UPDATE SET bytes = excluded.bytes, etag = excluded.etag,
     modified_ms = excluded.modified_ms, headers = excluded.headers, checksum = excluded.checksum,
     file = excluded.file, body = excluded.body`,
  );
  const remove = database.prepare("DELETE FROM objects WHERE bucket = ? AND key = ?");
  const from = database.prepare(
    `SELECT ${head} FROM objects WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?`,
  );
  const byFile = database.prepare("SELECT 1 FROM objects WHERE file = ?");
  const buckets = database.prepare("SELECT name, created_ms FROM buckets ORDER BY name");
  const bucket = database.prepare("SELECT name, created_ms FROM buckets WHERE name = ?");
  const putBucket = database.prepare("INSERT INTO buckets (name, created_ms) VALUES (?, ?)");
  const removeBucket = database.prepare("DELETE FROM buckets WHERE name = ?");
  type Bucket = { name: string; created_ms: number };

  return {
    find: (inBucket: string, key: Uint8Array) => allRows<ObjectRow>(find, inBucket, key)[0],
    findWithBody: (inBucket: string, key: Uint8Array) => allRows<NewObject>(findWithBody, inBucket, key)[0],
    put: (row: NewObject) =>
      void put.run(
        row.bucket,
        row.key,
        row.bytes,
        row.etag,
        row.modified_ms,
        row.headers,
        row.checksum,
        row.file,
        row.body,
      ),
    remove: (inBucket: string, key: Uint8Array) => void remove.run(inBucket, key),
    /** Objects with `first <= key < end`, in the order of keys' bytes. */
    range: (inBucket: string, first: Uint8Array, end: Uint8Array, max: number) =>
      allRows<ObjectHead>(from, inBucket, first, end, max),
    usesFile: (name: string) => byFile.get(name) !== undefined,
    buckets: () => allRows<Bucket>(buckets),
    bucket: (name: string) => allRows<Bucket>(bucket, name)[0],
    putBucket: (name: string, now: number) => void putBucket.run(name, now),
    removeBucket: (name: string) => void removeBucket.run(name),
  };
}
