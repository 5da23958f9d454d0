import { DatabaseSync } from "node:sqlite";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { prepareS3Schema } from "../../../cloud/local/s3/schema.ts";
import { listUploads } from "../../../cloud/local/s3/upload-listing.ts";
import { openUploadTable, type UploadTable } from "../../../cloud/local/s3/upload-table.ts";
import { newUploadId } from "../../../cloud/local/s3/uploads.ts";

function tableWith(uploads: readonly { key: string; id: string }[]): UploadTable {
  const database = new DatabaseSync(":memory:");
  prepareS3Schema(database);
  const table = openUploadTable(database);
  for (const { key, id } of uploads) {
    const row = { id, bucket: "b", key: Buffer.from(key), created_ms: 0, headers: "{}" };
    table.put({ ...row, algorithm: null, type: "FULL_OBJECT" });
  }
  return table;
}

/** The definition, without any index. */
function naive(uploads: readonly { key: string; id: string }[], prefix: string, delimiter: string): string[] {
  const entries = uploads
    .filter(({ key }) => key.startsWith(prefix))
    .toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || (a.id < b.id ? -1 : 1))
    .map(({ key, id }) => {
      const at = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
      return at < 0 ? `upload ${key} ${id}` : `group ${key.slice(0, at + delimiter.length)}`;
    });
  return [...new Set(entries)];
}

function paged(table: UploadTable, prefix: string, delimiter: string, max: number): string[] {
  const entries: string[] = [];
  let next: { key: string; id: string } | undefined = { key: "", id: "" };
  while (next !== undefined) {
    const marker: { keyMarker: string; idMarker: string } = { keyMarker: next.key, idMarker: next.id };
    const page = listUploads(table, { bucket: "b", prefix, delimiter, ...marker, max });
    entries.push(
      ...page.uploads.map((it) => `upload ${Buffer.from(it.key).toString()} ${it.id}`),
      ...page.prefixes.map((group) => `group ${group}`),
    );
    next = page.next;
    if (next !== undefined) expect(page.uploads.length + page.prefixes.length).toBe(max);
  }
  return entries;
}

const text = fc.string({ unit: fc.constantFrom("a", "b", "/", "é", "😀"), minLength: 1, maxLength: 5 });

test("uploads in pages of any size are all uploads, grouped, each once", () => {
  fc.assert(
    fc.property(
      fc.array(text, { maxLength: 40 }),
      fc.constantFrom("", "a", "a/"),
      fc.constantFrom("", "/", "b"),
      fc.integer({ min: 1, max: 5 }),
      (keys, prefix, delimiter, max) => {
        const uploads = keys.map((key, n) => ({ key, id: `id${String(n).padStart(3, "0")}` }));
        const found = paged(tableWith(uploads), prefix, delimiter, max);
        expect(found.toSorted()).toEqual(naive(uploads, prefix, delimiter).toSorted());
      },
    ),
    { numRuns: 200 },
  );
});

test("ids sort by age", () => {
  const ids = [1, 999, 1_700_000_000_000, 1_700_000_000_001, 9_999_999_999_999].map(newUploadId);
  expect(ids.toSorted()).toEqual(ids);
});
