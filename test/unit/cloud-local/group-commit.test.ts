import { expect, test, vi } from "vitest";
import { AwsError } from "../../../cloud/local/aws-error.ts";
import { GroupCommit } from "../../../cloud/local/group-commit.ts";
import { temporaryDatabase } from "./database.ts";

function open() {
  const database = temporaryDatabase();
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

test("the requests of one turn are answered when all that it wrote is durable", async () => {
  const { database, group, put, rows } = open();
  const events: string[] = [];
  const endTurn = database.endTurn.bind(database);
  vi.spyOn(database, "endTurn").mockImplementation(() => {
    endTurn();
    events.push("durable");
  });
  group.beforeCommit(() => events.push("last step"));
  const answers = [1, 2, 3].map((n) => put(n).then(() => events.push(`answer ${n}`)));
  await Promise.resolve();
  expect(events).toEqual([]);
  await Promise.all(answers);
  expect(events).toEqual(["last step", "durable", "answer 1", "answer 2", "answer 3"]);
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
