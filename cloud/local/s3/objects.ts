import type { Segment } from "./bodies.ts";
import type { BucketRow } from "./bucket-table.ts";
import type { S3Call } from "./call.ts";
import { announce } from "./events.ts";
import type { NewObject, ObjectRow } from "./object-table.ts";
import type { S3State } from "./state.ts";

/** Parts that an upload, and so an object, can have. */
export const MAX_PARTS = 10_000;

type Whereabouts = Pick<ObjectRow, "file" | "upload" | "bytes">;

/** The files an object's body lies in; none when it lies in the row. Inside a transaction. */
export function segmentsOf(state: S3State, { file, upload, bytes }: Whereabouts): Segment[] {
  if (file !== null) return [{ file, bytes }];
  return upload === null ? [] : state.uploads.parts(upload, 0, MAX_PARTS);
}

/**
 * The one step in which an object appears, replacing what had its key, and in which its event is sent. Inside a
 * transaction. Returns the files that nobody names any more.
 */
export function storeObject(
  call: S3Call,
  bucket: BucketRow,
  before: ObjectRow | undefined,
  object: NewObject,
  event: string,
): string[] {
  const files = before === undefined ? [] : forget(call.state, before);
  call.state.objects.put(object);
  announce(call, bucket, `ObjectCreated:${event}`, object);
  return files;
}

/** Removes an object if it is there. Inside a transaction. Returns the files that nobody names any more. */
export function removeObject(call: S3Call, bucket: BucketRow, before: ObjectRow | undefined): string[] {
  if (before === undefined) return [];
  const files = forget(call.state, before);
  call.state.objects.remove(before.bucket, before.key);
  announce(call, bucket, "ObjectRemoved:Delete", { key: before.key });
  return files;
}

function forget(state: S3State, row: ObjectRow): string[] {
  const files = segmentsOf(state, row).map(({ file }) => file);
  if (row.upload !== null) state.uploads.removeParts(row.upload);
  return files;
}
