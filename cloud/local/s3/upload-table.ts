import type { DatabaseSync } from "node:sqlite";
import { allRows } from "../database.ts";
import type { Algorithm, ChecksumType } from "./checksums.ts";

/** A multipart upload that was neither completed nor aborted yet. */
export interface UploadRow {
  /** Ids of later uploads sort behind those of earlier ones. */
  id: string;
  bucket: string;
  key: Uint8Array;
  created_ms: number;
  /** JSON of what the object will keep. */
  headers: string;
  /** Null when the client named none: then S3's default. */
  algorithm: Algorithm | null;
  type: ChecksumType;
}

export interface PartRow {
  upload: string;
  number: number;
  bytes: number;
  /** MD5 in hexadecimal. */
  etag: string;
  /** As in stored-checksum.ts, of the upload's algorithm. */
  checksum: string;
  modified_ms: number;
  file: string;
}

export type UploadTable = ReturnType<typeof openUploadTable>;

export function openUploadTable(database: DatabaseSync) {
  const find = database.prepare("SELECT * FROM uploads WHERE id = ?");
  const put = database.prepare(
    "INSERT INTO uploads (id, bucket, key, created_ms, headers, algorithm, type) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const remove = database.prepare("DELETE FROM uploads WHERE id = ?");
  const from = database.prepare(
    "SELECT * FROM uploads WHERE bucket = ? AND (key, id) > (?, ?) AND key < ? ORDER BY key, id LIMIT +?",
  );
  const putPart = database.prepare(
    `INSERT INTO parts (upload, number, bytes, etag, checksum, modified_ms, file) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (upload, number) DO UPDATE SET bytes = excluded.bytes, etag = excluded.etag,
     checksum = excluded.checksum, modified_ms = excluded.modified_ms, file = excluded.file`,
  );
  const part = database.prepare("SELECT * FROM parts WHERE upload = ? AND number = ?");
  const parts = database.prepare(
    "SELECT * FROM parts WHERE upload = ? AND number > ? ORDER BY number LIMIT +?",
  );
  const removePart = database.prepare("DELETE FROM parts WHERE upload = ? AND number = ?");
  const removeParts = database.prepare("DELETE FROM parts WHERE upload = ?");
  const byFile = database.prepare("SELECT 1 FROM parts WHERE file = ?");

  return {
    find: (id: string) => allRows<UploadRow>(find, id)[0],
    put: (it: UploadRow) =>
      void put.run(it.id, it.bucket, it.key, it.created_ms, it.headers, it.algorithm, it.type),
    remove: (id: string) => void remove.run(id),
    /** Uploads behind (key, id) and before `end`, by key, then by age. */
    after: (bucket: string, key: Uint8Array, id: string, end: Uint8Array, max: number) =>
      allRows<UploadRow>(from, bucket, key, id, end, max),
    putPart: (it: PartRow) =>
      void putPart.run(it.upload, it.number, it.bytes, it.etag, it.checksum, it.modified_ms, it.file),
    part: (upload: string, number: number) => allRows<PartRow>(part, upload, number)[0],
    /** Parts behind a number, in their order. */
    parts: (upload: string, behind: number, max: number) => allRows<PartRow>(parts, upload, behind, max),
    removePart: (upload: string, number: number) => void removePart.run(upload, number),
    removeParts: (upload: string) => void removeParts.run(upload),
    usesFile: (name: string) => byFile.get(name) !== undefined,
  };
}
