import { expect, test } from "vitest";
import { GroupCommit } from "../../../cloud/local/group-commit.ts";
import { put } from "../../../cloud/local/sqs/changes.ts";
import { poll, putBack } from "../../../cloud/local/sqs/delivery.ts";
import { createQueue } from "../../../cloud/local/sqs/lifecycle.ts";
import { openSqs } from "../../../cloud/local/sqs/service.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { temporaryDatabase } from "./database.ts";

function open() {
  const database = temporaryDatabase();
  const group = new GroupCommit(database);
  const clock = createFakeClock();
  const reports: unknown[] = [];
  const report = (error: unknown) => void reports.push(error);
  const state = openSqs({ database, group, clock, region: "r", account: "0", receiptKey: "k", report });
  const queue = createQueue(state, "q", {});
  group.flush();
  const send = (body: string) =>
    group.run(() =>
      put(state, queue, { body, md5: "", attributes: null, system: null, group: undefined, delayMs: 0 }),
    );
  return { state, queue, clock, database, reports, send };
}

/** A long poll by a client that the test controls. */
function client({ state, queue }: ReturnType<typeof open>, waitMs = 20_000) {
  let alive = true;
  let gone: (() => void) | undefined;
  const receiver = {
    alive: () => alive,
    onGone: (fn: () => void) => {
      gone = fn;
      return () => (gone = undefined);
    },
  };
  const polled = poll(state, receiver, () => ({ queue, max: 1, waitMs, visibilityMs: 30_000 }));
  return {
    bodies: polled.then((taken) => taken.map((it) => it.message.body)),
    taken: polled,
    /** The connection has ended, and nobody has told the queue. */
    vanish: () => (alive = false),
    leave: () => gone?.(),
    watched: () => gone !== undefined,
  };
}

test("pollers are served in the order they came", async () => {
  const world = open();
  const [first, second] = [client(world), client(world)];
  await world.send("a");
  await world.send("b");
  expect([await first.bodies, await second.bodies]).toEqual([["a"], ["b"]]);
});

test("of twenty pollers one gets the message at once, and nineteen wait their full time", async () => {
  const world = open();
  const ended: string[][] = [];
  const polls = Array.from({ length: 20 }, async () => ended.push(await client(world).bodies));
  await world.send("one");
  await Promise.race(polls);
  world.clock.advance(19_999);
  await world.send("later").then(() => world.state.group.run(() => undefined));
  expect(ended).toEqual([["one"], ["later"]]);
  world.clock.advance(1);
  await Promise.all(polls);
  expect(ended.slice(2)).toEqual(Array.from({ length: 18 }, () => []));
});

test("a client that vanished is passed over", async () => {
  const world = open();
  const [first, second] = [client(world), client(world)];
  first.vanish();
  await world.send("a");
  expect([await first.bodies, await second.bodies]).toEqual([[], ["a"]]);
});

test("a client that leaves waits no more, and leaves nothing behind", async () => {
  const world = open();
  const one = client(world);
  expect(world.queue.waiters.size).toBe(1);
  one.leave();
  expect(await one.bodies).toEqual([]);
  expect([world.queue.waiters.size, one.watched()]).toEqual([0, false]);
});

test("a poll whose time is over leaves nothing behind; so does one that was served", async () => {
  const world = open();
  const [served, late] = [client(world), client(world)];
  await world.send("a");
  expect(await served.bodies).toEqual(["a"]);
  world.clock.advance(20_000);
  expect(await late.bodies).toEqual([]);
  expect([world.queue.waiters.size, served.watched(), late.watched()]).toEqual([0, false, false]);
});

test("a message put back stands where it stood, uncounted, and goes to who waits", async () => {
  const world = open();
  await world.send("a");
  await world.send("b");
  const first = client(world, 0);
  const [lost] = await first.taken;
  expect(lost?.message).toMatchObject({ body: "a", receive_count: 1 });
  await putBack(world.state, world.queue, await first.taken);
  const [again] = await client(world).taken;
  expect(again?.message).toMatchObject({ body: "a", receive_count: 1 });
  // The answer that got lost must not be able to act on the new receive.
  expect(again?.message.receipt).not.toBe(lost?.message.receipt);
  await putBack(world.state, world.queue, await first.taken);
  expect(world.queue.counts).toEqual([1, 1, 0]);
});

test("when a transaction is taken back, so are the counts, and everyone in it is told", async () => {
  const world = open();
  await world.send("a");
  await client(world).bodies;
  const failing =
    "BEFORE INSERT ON payloads WHEN NEW.body = 'bad' BEGIN SELECT RAISE(ABORT, 'disk full'); END";
  world.database.exec(`CREATE TRIGGER full ${failing}`);
  const other = client(world);
  const outcomes = await Promise.allSettled([world.send("good"), world.send("bad"), other.bodies]);
  expect(outcomes.map((it) => it.status)).toEqual(["rejected", "rejected", "rejected"]);
  expect([world.queue.counts, world.queue.waiters.size]).toEqual([[0, 1, 0], 0]);
  const later = client(world);
  await world.send("good again");
  expect(await later.bodies).toEqual(["good again"]);
});
