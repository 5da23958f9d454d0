import type { DatabaseSync } from "node:sqlite";
import { allRows } from "../database.ts";

export interface ObjectHead {
  key: Uint8Array;
  bytes: number;
  /** MD5 in hexadecimal, without quotes; of multipart uploads the MD5 of the parts' MD5s and `-N`. */
  etag: string;
  modified_ms: number;
  /** As in stored-checksum.ts; null for objects older than that every object has one. */
  checksum: string | null;
}

export interface ObjectRow extends ObjectHead {
  bucket: string;
  /** JSON: response headers kept with the object, content-type and user metadata among them. */
  headers: string;
  /** Name of the file with the body. */
  file: string | null;
  /** The multipart upload whose parts are the body. */
  upload: string | null;
}

/** One of `file`, `upload` and `body` is not null. */
export interface NewObject extends ObjectRow {
  body: Uint8Array | null;
}

export type ObjectTable = ReturnType<typeof openObjectTable>;

export function openObjectTable(database: DatabaseSync) {
  const head = "key, bytes, etag, modified_ms, checksum";
  const row = `${head}, bucket, headers, file, upload`;
  const find = database.prepare(`SELECT ${row} FROM objects WHERE bucket = ? AND key = ?`);
  const findWithBody = database.prepare(`SELECT ${row}, body FROM objects WHERE bucket = ? AND key = ?`);
  const put = database.prepare(
    `INSERT INTO objects (bucket, key, bytes, etag, modified_ms, headers, checksum, file, upload, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (bucket, key) DO UPDATE SET bytes = excluded.bytes, etag = excluded.etag,
     modified_ms = excluded.modified_ms, headers = excluded.headers, checksum = excluded.checksum,
     file = excluded.file, upload = excluded.upload, body = excluded.body`,
  );
  const remove = database.prepare("DELETE FROM objects WHERE bucket = ? AND key = ?");
  const from = database.prepare(
    `SELECT ${head} FROM objects WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key LIMIT +?`,
  );
  const byFile = database.prepare("SELECT 1 FROM objects WHERE file = ?");

  return {
    find: (bucket: string, key: Uint8Array) => allRows<ObjectRow>(find, bucket, key)[0],
    findWithBody: (bucket: string, key: Uint8Array) => allRows<NewObject>(findWithBody, bucket, key)[0],
    put(it: NewObject): void {
      const { bucket, key, bytes, etag, modified_ms: modified, headers } = it;
      put.run(bucket, key, bytes, etag, modified, headers, it.checksum, it.file, it.upload, it.body);
    },
    remove: (bucket: string, key: Uint8Array) => void remove.run(bucket, key),
    /** Objects with `first <= key < end`, in the order of keys' bytes. */
    range: (bucket: string, first: Uint8Array, end: Uint8Array, max: number) =>
      allRows<ObjectHead>(from, bucket, first, end, max),
    usesFile: (name: string) => byFile.get(name) !== undefined,
  };
}
