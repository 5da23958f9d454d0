import { DatabaseSync } from "node:sqlite";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Bodies } from "../../../cloud/local/s3/bodies.ts";
import { openObjectTable } from "../../../cloud/local/s3/object-table.ts";
import { prepareS3Schema } from "../../../cloud/local/s3/schema.ts";
import { temporaryFolder } from "./cloud.ts";

test("a database of an earlier version gets the columns that came later, and keeps its objects", () => {
  const database = new DatabaseSync(":memory:");
  database.exec(`
    CREATE TABLE buckets (name TEXT PRIMARY KEY, created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE objects (id INTEGER PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, bytes INTEGER NOT NULL,
      etag TEXT NOT NULL, modified_ms INTEGER NOT NULL, headers TEXT NOT NULL, checksum TEXT, file TEXT, body BLOB) STRICT;
    INSERT INTO objects (bucket, key, bytes, etag, modified_ms, headers, body)
      VALUES ('b', CAST('k' AS BLOB), 1, 'e', 0, '{}', CAST('v' AS BLOB));
  `);
  prepareS3Schema(database);
  prepareS3Schema(database); // every start does it
  const found = openObjectTable(database).findWithBody("b", Buffer.from("k"));
  expect(found).toMatchObject({ etag: "e", upload: null, checksum: null });
  expect(Buffer.from(found?.body ?? []).toString()).toBe("v");
});

async function folder() {
  const dir = join(await temporaryFolder(), "objects");
  await mkdir(dir);
  return { dir, bodies: new Bodies(dir) };
}

describe("files of bodies", () => {
  test("stay while somebody holds them, and go with the last who does", async () => {
    const { dir, bodies } = await folder();
    await writeFile(join(dir, "f"), "abc");
    const segments = [{ file: "f", bytes: 3 }];
    const [first, second] = [bodies.hold(segments), bodies.hold(segments)];
    await bodies.discard(["f"]);
    expect(await readdir(dir)).toEqual(["f"]);
    await first();
    expect(await readdir(dir)).toEqual(["f"]);
    await second();
    expect(await readdir(dir)).toEqual([]);
  });

  test("that nobody holds go at once, and a hold that ends removes nothing else", async () => {
    const { dir, bodies } = await folder();
    await writeFile(join(dir, "f"), "abc");
    await bodies.hold([{ file: "f", bytes: 3 }])();
    expect(await readdir(dir)).toEqual(["f"]);
    await bodies.discard(["f"]);
    expect(await readdir(dir)).toEqual([]);
  });

  test.each([
    [0, 8, "abcdefghi"],
    [2, 3, "cd"],
    [3, 5, "def"],
    [8, 8, "i"],
    [0, 0, "a"],
  ])("are read across their borders, from %i to %i", async (first, last, text) => {
    const { dir, bodies } = await folder();
    const segments = ["abc", "", "def", "ghi"].map((part, n) => ({ file: `${n}`, bytes: part.length, part }));
    for (const { file, part } of segments) await writeFile(join(dir, file), part);
    const chunks: Buffer[] = [];
    for await (const chunk of bodies.read(segments, first, last)) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe(text);
  });

  test("shorter than their row says are an error, not half an answer", async () => {
    const { dir, bodies } = await folder();
    await writeFile(join(dir, "f"), "ab");
    const read = bodies.read([{ file: "f", bytes: 3 }], 0, 2);
    await read.next();
    await expect(read.next()).rejects.toThrow("shorter than its row says");
  });

  test("that no row names are swept", async () => {
    const { dir, bodies } = await folder();
    for (const name of ["used", "left over"]) await writeFile(join(dir, name), "x");
    await bodies.sweep((file) => file === "used");
    expect(await readdir(dir)).toEqual(["used"]);
  });
});
