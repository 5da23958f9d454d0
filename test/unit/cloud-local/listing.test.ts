import { DatabaseSync } from "node:sqlite";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { listKeys, type Listing } from "../../../cloud/local/s3/listing.ts";
import { openObjectTable, type ObjectTable } from "../../../cloud/local/s3/object-table.ts";
import { prepareS3Schema } from "../../../cloud/local/s3/schema.ts";

function tableWith(keys: readonly string[]): ObjectTable {
  const database = new DatabaseSync(":memory:");
  prepareS3Schema(database);
  const table = openObjectTable(database);
  for (const key of keys) {
    const row = { bucket: "b", key: Buffer.from(key), bytes: 0, etag: "", modified_ms: 0, headers: "{}" };
    table.put({ ...row, checksum: null, file: null, upload: null, body: Buffer.alloc(0) });
  }
  return table;
}

interface Asked {
  prefix: string;
  delimiter: string;
  after: string;
}

/** The definition, without any index: keys in byte order, everything up to the delimiter is one entry. */
function naive(keys: readonly string[], { prefix, delimiter, after }: Asked): string[] {
  const entries = new Set<string>();
  for (const key of keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
    if (!key.startsWith(prefix)) continue;
    const at = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const entry = at < 0 ? `key ${key}` : `group ${key.slice(0, at + delimiter.length)}`;
    const isAfter = Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0;
    if (isAfter && entry !== `group ${after}`) entries.add(entry);
  }
  return [...entries];
}

const entriesOf = (listing: Listing) => [
  ...listing.objects.map((it) => `key ${Buffer.from(it.key).toString()}`),
  ...listing.prefixes.map((it) => `group ${it.toString()}`),
];

function paged(table: ObjectTable, { prefix, delimiter, after }: Asked, max: number): string[] {
  const entries: string[] = [];
  let from: Buffer | undefined;
  do {
    const page = listKeys(table, {
      bucket: "b",
      prefix: Buffer.from(prefix),
      delimiter: Buffer.from(delimiter),
      after: Buffer.from(after),
      from,
      max,
    });
    expect(page.objects.length + page.prefixes.length).toBeLessThanOrEqual(max);
    // A page that promises more is full, and the promise is kept.
    if (page.next !== undefined) expect(page.objects.length + page.prefixes.length).toBe(max);
    if (from !== undefined) expect(entriesOf(page)).not.toEqual([]);
    entries.push(...entriesOf(page));
    from = page.next;
  } while (from !== undefined);
  return entries;
}

const text = fc.string({
  unit: fc.constantFrom("a", "b", "/", "/", "-", "é", "😀", "\u0001", "\uffff"),
  maxLength: 6,
});

test("a listing in pages of any size is the definition's, for any keys, prefix, delimiter and start", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(text, { maxLength: 60 }),
      fc.record({
        prefix: text.map((it) => it.slice(0, 2).toWellFormed().replace("\ufffd", "")),
        delimiter: fc.constantFrom("", "/", "a/", "é"),
        after: text,
      }),
      fc.integer({ min: 1, max: 7 }),
      (all, asked, max) => {
        const keys = all.filter((key) => key !== "");
        expect(paged(tableWith(keys), asked, max).toSorted()).toEqual(naive(keys, asked).toSorted());
      },
    ),
    { numRuns: 300 },
  );
});

test("a group of many keys costs one step", () => {
  const keys = Array.from({ length: 5000 }, (_, index) => `big/${index}`);
  const table = tableWith([...keys, "zebra"]);
  let rows = 0;
  const counted: ObjectTable = {
    ...table,
    range: (...asked) => {
      const found = table.range(...asked);
      rows += found.length;
      return found;
    },
  };
  expect(paged(counted, { prefix: "", delimiter: "/", after: "" }, 1000)).toEqual([
    "key zebra",
    "group big/",
  ]);
  expect(rows).toBeLessThan(100);
});
