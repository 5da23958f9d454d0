import { afterKey, afterPrefix } from "./keys.ts";
import type { ObjectHead, ObjectTable } from "./object-table.ts";

export interface ListingQuery {
  bucket: string;
  prefix: Buffer;
  /** Empty: no grouping. */
  delimiter: Buffer;
  /** Only keys after this one; empty for all. */
  after: Buffer;
  /** Where an earlier listing stopped; outranks `after`. */
  from: Buffer | undefined;
  max: number;
}

export interface Listing {
  objects: ObjectHead[];
  /** Common prefixes: everything that shares one up to the delimiter counts as one entry. */
  prefixes: Buffer[];
  /** Where to go on; undefined when this is all. */
  next: Buffer | undefined;
}

/** Rows fetched at once while grouping, where most may fall under one prefix that is then jumped over. */
const GROUPING_STEP = 32;

/** Lists keys in byte order. A group of any size costs one step: the scan jumps behind it. */
export function listKeys(table: ObjectTable, query: ListingQuery): Listing {
  const { bucket, prefix, delimiter, max } = query;
  const end = afterPrefix(prefix);
  const objects: ObjectHead[] = [];
  const prefixes: Buffer[] = [];
  let from = firstKey(query);
  while (Buffer.compare(from, end) < 0) {
    const left = max - objects.length - prefixes.length;
    const step = delimiter.byteLength === 0 ? left + 1 : GROUPING_STEP;
    const rows = table.range(bucket, from, end, step);
    for (const row of rows) {
      if (objects.length + prefixes.length >= max)
        return { objects, prefixes, next: max === 0 ? undefined : from };
      const group = groupOf(row.key, prefix, delimiter);
      if (group === undefined) objects.push(row);
      else prefixes.push(group);
      from = group === undefined ? afterKey(row.key) : afterPrefix(group);
      if (group !== undefined) break;
    }
    if (rows.length === 0) break;
  }
  return { objects, prefixes, next: undefined };
}

function firstKey({ prefix, delimiter, after, from }: ListingQuery): Buffer {
  if (from !== undefined) return Buffer.compare(from, prefix) < 0 ? prefix : from;
  if (after.byteLength === 0) return prefix;
  // A group is one entry: who starts after a key within it has seen it.
  const start = groupOf(after, prefix, delimiter)?.equals(after) ? afterPrefix(after) : afterKey(after);
  return Buffer.compare(start, prefix) < 0 ? prefix : start;
}

/** The common prefix a key belongs to: up to the first delimiter after the prefix. */
function groupOf(key: Uint8Array, prefix: Buffer, delimiter: Buffer): Buffer | undefined {
  if (delimiter.byteLength === 0) return undefined;
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  const at = bytes.indexOf(delimiter, prefix.byteLength);
  return at < 0 ? undefined : bytes.subarray(0, at + delimiter.byteLength);
}
