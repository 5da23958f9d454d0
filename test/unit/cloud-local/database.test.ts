import { appendFileSync, copyFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { allRows, openDatabase, type CloudDatabase } from "../../../cloud/local/database.ts";
import { temporaryFolder } from "./cloud.ts";

const SCHEMA = "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY AUTOINCREMENT, v)";

/** A database with a table, in a folder that is gone when the test is over. */
async function place() {
  const path = join(await temporaryFolder(), "cloud.sqlite");
  return { path, turns: `${path}-turns` };
}

function open(path: string) {
  const database = openDatabase(path);
  database.exec(SCHEMA);
  const insert = database.prepare("INSERT INTO t (v) VALUES (?)");
  /** One turn with these values. */
  const put = (...values: (string | number | Uint8Array | null)[]) => {
    database.beginTurn();
    for (const value of values) insert.run(value);
    database.endTurn();
  };
  return { database, put };
}

const values = (database: CloudDatabase) =>
  allRows<{ v: unknown }>(database.prepare("SELECT v FROM t ORDER BY id")).map(({ v }) => v);

/** What a kill -9 leaves: the files as they are now, none of them closed. SQLite's own are opened by nobody else. */
function killed(path: string, into: string): void {
  for (const end of ["", "-wal", "-turns"]) {
    if (existsSync(path + end)) copyFileSync(path + end, into + end);
  }
}

test("what a turn wrote is there after a kill, values of every kind and schemas too", async () => {
  const { path } = await place();
  const { database, put } = open(path);
  put("text with \u{2028} and \u{1F600}", 42, 1.5, null);
  put(Buffer.from([0, 255, 10]));
  database.exec("CREATE TABLE later (v); INSERT INTO later VALUES (7)");
  database.beginTurn();
  database.prepare("UPDATE t SET v = v + 1 WHERE id = 2 RETURNING v").all();
  database.endTurn();
  const after = await place();
  killed(path, after.path);
  database.close();
  const { database: again } = open(after.path);
  expect(values(again)).toEqual([
    "text with \u{2028} and \u{1F600}",
    43,
    1.5,
    null,
    new Uint8Array([0, 255, 10]),
  ]);
  expect(allRows(again.prepare("SELECT v FROM later"))).toEqual([{ v: 7 }]);
  again.close();
});

test("a turn whose line was cut off has not been; those before it have", async () => {
  const { path } = await place();
  const { database, put } = open(path);
  put("a");
  put("b");
  const after = await place();
  killed(path, after.path);
  database.close();
  truncateSync(after.turns, readFileSync(after.turns).length - 1);
  const second = open(after.path);
  expect(values(second.database)).toEqual(["a"]);
  second.put("c");
  const last = await place();
  killed(after.path, last.path);
  second.database.close();
  const third = open(last.path);
  expect(values(third.database)).toEqual(["a", "c"]);
  third.database.close();
});

test("a line that a power cut filled with zeros ends the turns", async () => {
  const { path, turns } = await place();
  const { database, put } = open(path);
  put("a");
  const kept = readFileSync(turns);
  const after = await place();
  killed(path, after.path);
  database.close();
  writeFileSync(after.turns, Buffer.concat([kept, Buffer.alloc(4096), Buffer.from("\n")]));
  appendFileSync(after.turns, kept.subarray(kept.indexOf("\n") + 1));
  const again = open(after.path);
  expect(values(again.database)).toEqual(["a"]);
  again.database.close();
});

test("turns that were committed are not done again, nor those of another database", async () => {
  const { path, turns } = await place();
  const { database, put } = open(path);
  put("a");
  const old = readFileSync(turns);
  database.close(); // commits
  writeFileSync(turns, old);
  const second = open(path);
  expect(values(second.database)).toEqual(["a"]);
  second.put("b");
  second.database.close();
  const other = await place();
  writeFileSync(other.turns, old);
  const third = open(other.path);
  expect(values(third.database)).toEqual([]);
  third.database.close();
});

test("a turn that is undone leaves those before it, and numbers go on where they were", async () => {
  const { path } = await place();
  const { database, put } = open(path);
  put("a");
  database.beginTurn();
  const insert = database.prepare("INSERT INTO t (v) VALUES (?)");
  insert.run("undone");
  database.undoTurn();
  expect(values(database)).toEqual(["a"]);
  put("b");
  expect(allRows(database.prepare("SELECT id, v FROM t"))).toEqual([
    { id: 1, v: "a" },
    { id: 2, v: "b" },
  ]);
  database.close();
});

test("after a megabyte of turns the database takes them over, and the file starts anew", async () => {
  const { path, turns } = await place();
  const { database, put } = open(path);
  const long = "x".repeat(100_000);
  const lengths = Array.from({ length: 25 }, () => {
    put(long);
    return readFileSync(turns).length;
  });
  expect(Math.max(...lengths)).toBeGreaterThan(1_000_000);
  expect(Math.max(...lengths)).toBeLessThan(1_300_000);
  expect(lengths.filter((it, index) => it < (lengths[index - 1] ?? 0))).toHaveLength(2);
  const after = await place();
  killed(path, after.path);
  database.close();
  const again = open(after.path);
  expect(values(again.database)).toHaveLength(25);
  again.database.close();
});

test("turns that do not fit the database are no reason to lose them silently", async () => {
  const { path } = await place();
  const { database, put } = open(path);
  put("a");
  const after = await place();
  killed(path, after.path);
  database.close();
  appendFileSync(after.turns, '[["INSERT INTO nowhere VALUES (?)",[1]]]\n');
  expect(() => openDatabase(after.path)).toThrow(expect.objectContaining({ code: "cloud-folder-damaged" }));
});
