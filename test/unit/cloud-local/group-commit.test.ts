import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { AwsError } from "../../../cloud/local/aws-error.ts";
import { GroupCommit } from "../../../cloud/local/group-commit.ts";

function open() {
  const database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE t (n INTEGER UNIQUE)");
  const insert = database.prepare("INSERT INTO t VALUES (?)");
  const group = new GroupCommit(database);
  const rows = () =>
    database
      .prepare("SELECT n FROM t ORDER BY n")
      .all()
      .map((row) => row["n"]);
  return { database, group, rows, put: (n: number) => group.run(() => Number(insert.run(n).changes)) };
}

test("the requests of one turn share one transaction and are answered after it", async () => {
  const { database, group, put, rows } = open();
  const events: string[] = [];
  group.beforeCommit(() => events.push(`commit, in transaction: ${database.isTransaction}`));
  const answers = [1, 2, 3].map((n) =>
    put(n).then(() => events.push(`answer ${n}, in transaction: ${database.isTransaction}`)),
  );
  await Promise.resolve();
  expect(events).toEqual([]);
  await Promise.all(answers);
  expect(events).toEqual([
    "commit, in transaction: true",
    ...[1, 2, 3].map((n) => `answer ${n}, in transaction: false`),
  ]);
  expect(rows()).toEqual([1, 2, 3]);
});

test("a refusal is an answer: the others are committed", async () => {
  const { group, put, rows } = open();
  const refused = group.run(() => {
    throw new AwsError("NoSuchKey", "no");
  });
  await Promise.all([put(1), expect(refused).rejects.toMatchObject({ code: "NoSuchKey" }), put(2)]);
  expect(rows()).toEqual([1, 2]);
});

test("any other failure takes everyone's work back, and the next transaction is clean", async () => {
  const { group, put, rows } = open();
  let rollbacks = 0;
  group.afterRollback(() => rollbacks++);
  const outcomes = await Promise.allSettled([put(1), put(1), put(2)]);
  expect(outcomes.map((it) => it.status)).toEqual(["rejected", "rejected", "rejected"]);
  expect([rows(), rollbacks]).toEqual([[], 1]);
  await put(3);
  expect(rows()).toEqual([3]);
});

test("a failing hook takes everything back as well", async () => {
  const { group, put, rows } = open();
  let fail = true;
  group.beforeCommit(() => {
    if (fail) throw new Error("hook");
  });
  await expect(put(1)).rejects.toThrow("hook");
  fail = false;
  await put(2);
  expect(rows()).toEqual([2]);
});
