import { afterPrefix } from "./keys.ts";
import type { UploadRow, UploadTable } from "./upload-table.ts";

export interface UploadQuery {
  bucket: string;
  prefix: string;
  /** Empty: no grouping. */
  delimiter: string;
  /** Only uploads of keys behind this one, or of this one and behind `idMarker`; empty for all. */
  keyMarker: string;
  idMarker: string;
  max: number;
}

export interface UploadListing {
  uploads: UploadRow[];
  prefixes: string[];
  /** The last entry, when there are more; the id is empty for a group. */
  next: { key: string; id: string } | undefined;
}

/** Behind every id, so that a marker without one goes on with the next key. */
const LAST_ID = "~";
const STEP = 100;

/** Lists uploads in progress by key and age (API reference, ListMultipartUploads). */
export function listUploads(table: UploadTable, query: UploadQuery): UploadListing {
  const { bucket, prefix, delimiter, max } = query;
  const end = afterPrefix(Buffer.from(prefix));
  const found: UploadListing = { uploads: [], prefixes: [], next: undefined };
  let last: UploadListing["next"];
  let { key, id } = start(query);
  for (;;) {
    const rows = table.after(bucket, key, id, end, STEP);
    for (const row of rows) {
      const name = Buffer.from(row.key).toString();
      const at = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
      const group = at < 0 ? undefined : name.slice(0, at + delimiter.length);
      if (group !== undefined && group === found.prefixes.at(-1)) continue;
      if (found.uploads.length + found.prefixes.length >= max)
        return { ...found, next: max === 0 ? undefined : last };
      if (group === undefined) found.uploads.push(row);
      else found.prefixes.push(group);
      last = group === undefined ? { key: name, id: row.id } : { key: group, id: "" };
    }
    const behind = rows.at(-1);
    if (behind === undefined) return found;
    ({ key, id } = { key: Buffer.from(behind.key), id: behind.id });
  }
}

function start({ prefix, delimiter, keyMarker, idMarker }: UploadQuery): { key: Buffer; id: string } {
  const marker = Buffer.from(keyMarker);
  // A group is one entry: who stopped at it has seen it.
  if (keyMarker !== "" && delimiter !== "" && keyMarker.endsWith(delimiter) && idMarker === "")
    return { key: afterPrefix(marker), id: LAST_ID };
  const first = Buffer.from(prefix);
  if (Buffer.compare(marker, first) < 0) return { key: first, id: "" };
  return { key: marker, id: keyMarker === "" ? "" : idMarker || LAST_ID };
}
