import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Activity } from "../../../../agent/status/activity.ts";
import type { Files } from "../../../../base/files.ts";
import { createLog } from "../../../../base/log.ts";
import type { Store } from "../../../../cloud/ports/store.ts";
import { createMemoryFiles } from "../../../support/memory-files.ts";
import { createSimClock } from "../../../support/sim-clock.ts";

const FILE = "/work/activity-i-1.log";

const none = () => Promise.reject(new Error("not asked for here"));

/** A store whose chunks overwrite those of the same offset, and which can be down. */
function createStore() {
  const chunks = new Map<number, string>();
  let [down, lostAnswers] = [false, 0];
  const store: Store = {
    appendActivity: async (_, offset, lines) => {
      await Promise.resolve();
      if (down) throw new Error("the store is down");
      chunks.set(offset, lines);
      if (lostAnswers-- > 0) throw new Error("the answer was lost");
    },
    putStatus: none,
    listStatus: none,
    deleteStatus: none,
    readRecord: none,
    swapRecord: none,
  };
  return {
    store,
    offsets: () => [...chunks.keys()].toSorted((a, b) => a - b),
    text: () =>
      [...chunks]
        .toSorted(([a], [b]) => a - b)
        .map(([, text]) => text)
        .join(""),
    down: (is: boolean) => void (down = is),
    loseAnswers: (n: number) => void (lostAnswers = n),
  };
}

async function setUp(files = createMemoryFiles(), kept = createStore()) {
  const clock = createSimClock(Date.UTC(2026, 10, 22, 8, 39, 20));
  const logged: string[] = [];
  const log = createLog(
    (line) => logged.push(line),
    () => 0,
  );
  const start = async () => {
    const activity = new Activity(
      { clock, files, store: kept.store, log },
      { instanceId: "i-1", folder: "/work" },
    );
    await activity.open();
    return activity;
  };
  const local = () => Buffer.from(files.contents.get(FILE) ?? "").toString();
  return { ...kept, clock, files, logged, start, local, activity: await start() };
}

/** Half of them from where the control characters are. */
const anyCharacter = fc
  .oneof(fc.nat(0xff), fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((it) => String.fromCodePoint(it));

describe("a line", () => {
  test("is in the Common Log Format, with the rest as JSON", async () => {
    const { activity, local } = await setUp();
    activity.record("delivered", {
      job: "m-1",
      service: "analyze",
      status: "success",
      bytes: 17,
      to: "callback",
    });
    activity.record("failed", { job: "m-2", service: "", code: "program-failed", reason: "no lens" });
    await activity.flush();
    expect(local().split("\n")).toEqual([
      'i-1 m-1 analyze [22/Nov/2026:08:39:20 +0000] "delivered" success 17 {"event":"delivered","status":"success","to":"callback"}',
      'i-1 m-2 - [22/Nov/2026:08:39:20 +0000] "failed" program-failed - {"event":"failed","code":"program-failed","reason":"no lens"}',
      "",
    ]);
  });

  test("cannot be forged, split or made to steer a terminal by what a program or a server said", async () => {
    const { activity, local } = await setUp();
    const reasons = [
      ...fc.sample(fc.string({ unit: anyCharacter, maxLength: 40 }), 300),
      "\u009B31m\r\n\u0085\u2028\0",
    ];
    for (const reason of reasons) activity.record("failed", { job: "m-1", code: "program-failed", reason });
    await activity.flush();
    const lines = local().split("\n");
    expect(lines.pop()).toBe("");
    expect(lines.map((it) => (JSON.parse(it.slice(it.indexOf("{"))) as { reason: string }).reason)).toEqual(
      reasons,
    );
    for (const it of lines) expect(it).not.toMatch(/\p{Cc}/u);
  });

  test("waits for company no longer than a moment", async () => {
    const { activity, clock, local } = await setUp();
    activity.record("a", {});
    activity.record("b", {});
    expect(local()).toBe("");
    await clock.advance(250);
    expect(local().split("\n")).toHaveLength(3);
    expect(clock.timers).toBe(0);
  });
});

describe("the local file", () => {
  test("is taken up after a crash in the middle of a line", async () => {
    const files = createMemoryFiles();
    files.contents.set(FILE, Buffer.from("i-1 - - whole line\ni-1 - - half a li"));
    const { activity, local, text } = await setUp(files);
    activity.record("next", {});
    await activity.ship();
    const lines = local().split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[1]).toBe("i-1 - - half a li");
    expect(text()).toBe(local());
  });

  test("that cannot be written stops nothing, and says what was lost", async () => {
    const files = createMemoryFiles();
    const { activity, logged, local } = await setUp(files);
    const whole = { ...files };
    files.append = () =>
      Promise.reject(Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" }));
    activity.record("lost", {});
    await activity.flush();
    expect(logged.join("")).toContain("activity.lost");
    Object.assign(files, whole);
    activity.record("kept", {});
    await activity.flush();
    expect(local()).toContain('"kept"');
  });

  test.each(["", "{", "\0\0\0"])(
    "with the unreadable position %j does not keep the agent from starting",
    async (position) => {
      const files = createMemoryFiles();
      files.contents.set(FILE, Buffer.from("i-1 - - old line\n"));
      files.contents.set(`${FILE}.position`, Buffer.from(position));
      const { activity, text } = await setUp(files);
      activity.record("next", {});
      await activity.ship();
      expect(text()).toContain("old line");
      expect(text()).toContain('"next"');
    },
  );
});

describe("shipping", () => {
  test("sends every line once and in order, however often it is asked", async () => {
    const { activity, local, text } = await setUp();
    for (let i = 0; i < 20; i++) {
      activity.record(`event-${i}`, {});
      if (i % 3 === 0) await activity.ship();
    }
    await activity.ship();
    await activity.ship();
    expect(text()).toBe(local());
    expect(text().match(/event-\d+"/g)).toHaveLength(40); // twice in each line
  });

  test("names each chunk by its place in the whole log, in bytes", async () => {
    const { activity, local, offsets } = await setUp();
    const ends = [0];
    for (let i = 0; i < 3; i++) {
      activity.record("event", { reason: "ä€" });
      await activity.ship();
      ends.push(Buffer.byteLength(local()));
    }
    expect(offsets()).toEqual(ends.slice(0, -1));
  });

  test("goes on where it was after the store was down, without holes or doubles", async () => {
    const { activity, local, text, down, logged } = await setUp();
    activity.record("before", {});
    await activity.ship();
    down(true);
    for (let i = 0; i < 5; i++) {
      activity.record(`during-${i}`, {});
      await activity.ship();
    }
    expect(text()).not.toContain("during");
    expect(logged.join("")).toContain("activity.not-shipped");
    down(false);
    activity.record("after", {});
    await activity.ship();
    expect(text()).toBe(local());
  });

  test("whose answer was lost doubles nothing", async () => {
    const { activity, local, text, loseAnswers } = await setUp();
    loseAnswers(1);
    activity.record("first", {});
    await activity.ship();
    activity.record("second", {});
    await activity.ship();
    expect(text()).toBe(local());
  });

  test("survives an agent that dies at any moment: whatever is in the file is in the store, once", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("record", "flush", "ship", "die", "down", "up"), { maxLength: 30 }),
        async (steps) => {
          const world = await setUp();
          let { activity } = world;
          let n = 0;
          for (const step of steps) {
            if (step === "record") activity.record(`event-${n++}`, {});
            if (step === "flush") await activity.flush();
            if (step === "ship") await activity.ship();
            if (step === "down" || step === "up") world.down(step === "down");
            if (step === "die") activity = await world.start();
          }
          world.down(false);
          await activity.ship();
          expect(world.text()).toBe(world.local());
        },
      ),
      { numRuns: 60 },
    );
  });

  test("cuts a long log at line ends", async () => {
    const { activity, local, text } = await setUp();
    for (let i = 0; i < 30; i++) activity.record("long", { reason: "x".repeat(100_000) });
    await activity.ship();
    expect(text()).toBe(local());
    expect(text().length).toBeGreaterThan(3_000_000);
  });
});

describe("a file that has grown too long", () => {
  const OLD = `${"i-1 - - ".padEnd(1023, "x")}\n`;
  const [SHIPPED, ALL] = [32 * 1024 * 1024, 32 * 1024 * 1024 + 3 * OLD.length];

  /** All but the last three lines are with the store. */
  async function grown() {
    const files = createMemoryFiles();
    files.contents.set(FILE, Buffer.alloc(ALL, OLD));
    files.contents.set(`${FILE}.position`, Buffer.from(JSON.stringify({ base: 0, shipped: SHIPPED })));
    return await setUp(files);
  }

  test("starts anew once it is shipped, and the store's log goes on", async () => {
    const { activity, local, text } = await grown();
    await activity.ship();
    expect(local()).toBe("");
    activity.record("after", {});
    await activity.ship();
    expect(text()).toBe(OLD.repeat(3) + local());
  });

  test("loses and doubles nothing, at whatever step the agent dies", async () => {
    for (let step = 1; ; step++) {
      const world = await grown();
      const whole = { ...world.files };
      let changes = 0;
      const dying =
        <T extends unknown[], R>(change: (...args: T) => Promise<R>) =>
        async (...args: T) =>
          ++changes >= step ? await new Promise<never>(() => undefined) : await change(...args);
      Object.assign(world.files, {
        write: dying((...args: Parameters<Files["write"]>) => whole.write(...args)),
        rename: dying((...args: Parameters<Files["rename"]>) => whole.rename(...args)),
      });
      void world.activity.ship();
      await world.clock.advance(1_000);
      Object.assign(world.files, whole);
      const second = await world.start();
      second.record("after", {});
      await second.ship();
      expect(world.text().replace(/^.*"after".*\n$/m, "").length, `dead at step ${step}`).toBe(
        3 * OLD.length,
      );
      expect(world.text().match(/"event":"after"/g), `dead at step ${step}`).toHaveLength(1);
      if (changes < step) break; // it lived through all of them
      expect(step).toBeLessThan(20);
    }
  });
});
