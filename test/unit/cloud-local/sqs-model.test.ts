import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { AwsError } from "../../../cloud/local/aws-error.ts";
import { openDatabase } from "../../../cloud/local/database.ts";
import { GroupCommit } from "../../../cloud/local/group-commit.ts";
import { changeVisibility, put, remove } from "../../../cloud/local/sqs/changes.ts";
import { poll, putBack } from "../../../cloud/local/sqs/delivery.ts";
import { settle } from "../../../cloud/local/sqs/due.ts";
import { createQueue, purge } from "../../../cloud/local/sqs/lifecycle.ts";
import type { LiveQueue, Taken } from "../../../cloud/local/sqs/live-queue.ts";
import { closeSqs, openSqs } from "../../../cloud/local/sqs/service.ts";
import { queueByName, type SqsState } from "../../../cloud/local/sqs/state.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

type Step =
  | { do: "send"; delayS: number }
  | { do: "receive"; max: number; visibilityS: number; deliver: boolean }
  | { do: "remove" | "hand back" | "extend"; which: number }
  | { do: "pass"; seconds: number }
  | { do: "purge" }
  | { do: "restart" };

const nat = fc.nat(100);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("send" as const), delayS: fc.constantFrom(0, 0, 5) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("receive" as const),
      max: fc.integer({ min: 1, max: 10 }),
      visibilityS: fc.constantFrom(0, 3, 30),
      deliver: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("remove" as const, "hand back" as const, "extend" as const),
      which: nat,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("pass" as const), seconds: fc.constantFrom(1, 3, 20, 61) }),
  },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ do: "purge" }, { do: "restart" }) },
);

interface World {
  dir: string;
  state: SqsState;
  queue: LiveQueue;
  dead: LiveQueue;
  close: () => void;
  held: Taken[];
}

const clock = createFakeClock();
/** What happened in any of the runs; a run that never saw a dead letter proves nothing about them. */
const seen = new Set<string>();

function report(error: unknown): void {
  throw error;
}

function open(dir: string): Pick<World, "state" | "queue" | "dead" | "close"> {
  const database = openDatabase(join(dir, "cloud.sqlite"));
  const group = new GroupCommit(database);
  const state = openSqs({ database, group, clock, region: "r", account: "0", receiptKey: "k", report });
  const dead = createQueue(state, "dead", { MessageRetentionPeriod: "1000" });
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: "arn:aws:sqs:r:0:dead", maxReceiveCount: 2 });
  const queue = createQueue(state, "q", { MessageRetentionPeriod: "300", RedrivePolicy });
  group.flush();
  const close = () => {
    closeSqs(state);
    group.flush();
    database.close();
  };
  return { state, queue, dead, close };
}

async function take(world: World, it: Extract<Step, { do: "receive" }>): Promise<void> {
  const receiver = { alive: () => true, onGone: () => () => undefined };
  const taken = await poll(world.state, receiver, () => ({
    queue: world.queue,
    max: it.max,
    waitMs: 0,
    visibilityMs: it.visibilityS * 1000,
  }));
  for (const { message } of taken) expect(message.receive_count).toBeLessThanOrEqual(2);
  if (it.deliver) world.held.push(...taken);
  else await putBack(world.state, world.queue, taken);
}

async function handle(world: World, kind: "remove" | "hand back" | "extend", which: number): Promise<void> {
  const held = world.held[which % Math.max(1, world.held.length)];
  if (held === undefined) return;
  const { state, queue } = world;
  const handleText = state.receipts.handle(held.message);
  await state.group
    .run(() => {
      if (kind === "remove") remove(state, queue, handleText);
      else changeVisibility(state, queue, handleText, kind === "extend" ? 40_000 : 0);
    })
    .catch((error: unknown) => {
      expect(error).toBeInstanceOf(AwsError);
      seen.add(`refused ${kind}`);
    });
}

/** A second purge within a minute is refused. */
async function purgeOnce({ state, queue }: World): Promise<void> {
  await state.group
    .run(() => purge(state, queue))
    .catch((error: unknown) => expect(error).toMatchObject({ code: "PurgeQueueInProgress" }));
}

async function carryOut(world: World, it: Step): Promise<void> {
  const { state, queue } = world;
  if (it.do === "send") {
    const message = {
      body: "b",
      md5: "",
      attributes: null,
      system: null,
      group: undefined,
      delayMs: it.delayS * 1000,
    };
    await state.group.run(() => put(state, queue, message));
  } else if (it.do === "receive") await take(world, it);
  else if (it.do === "pass") clock.advance(it.seconds * 1000);
  else if (it.do === "purge") await purgeOnce(world);
  else if (it.do === "restart") {
    world.close();
    Object.assign(world, open(world.dir));
  } else await handle(world, it.do, it.which);
}

/** The counts in memory are the rows on disk, and nothing overdue is left. */
async function check(world: World): Promise<void> {
  const { state } = world;
  for (const queue of [world.queue, world.dead]) {
    await state.group.run(() => settle(state, queue, clock.now()));
    expect(queue.counts).toEqual(state.messages.counts(queue.pool));
    for (const inState of [0, 1, 2] as const)
      if (queue.counts[inState] > 0) seen.add(`${queue.name} ${inState}`);
    expect(queueByName(state, queue.name)).toBe(queue);
    const next = [1, 2].map((inState) => state.messages.nextDueMs(queue.pool, inState as 1 | 2));
    const expiry = state.messages.oldestMs(queue.pool) + queue.settings.retentionMs;
    expect(Math.min(...next, expiry)).toBeGreaterThan(clock.now());
    // The due time kept in memory may be early, never late, or a timer would not ring.
    expect(queue.nextDueMs).toBeLessThanOrEqual(Math.min(...next, expiry));
  }
}

test("whatever happens in whatever order, counts equal rows, and nothing overdue stays", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60, size: "max" }), async (steps) => {
      const dir = await mkdtemp(join(tmpdir(), "drover-model-"));
      const world: World = { dir, ...open(dir), held: [] };
      try {
        for (const it of steps) {
          await carryOut(world, it);
          await check(world);
        }
      } finally {
        world.close();
        await rm(dir, { recursive: true });
      }
    }),
    { numRuns: 60 },
  );
  expect([...seen].toSorted()).toEqual([
    "dead 0",
    "q 0",
    "q 1",
    "q 2",
    "refused extend",
    "refused hand back",
  ]);
});
