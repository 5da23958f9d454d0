import { describe, expect, test } from "vitest";
import { LeaseKeeper, type LeaseLost } from "../../../../agent/receive/lease.ts";
import { createLog } from "../../../../base/log.ts";
import type { BatchResult } from "../../../../cloud/ports/queue.ts";
import { createMemoryQueue } from "../../../support/memory-queue.ts";
import { createSimClock } from "../../../support/sim-clock.ts";

type Answer = (handles: readonly string[]) => Promise<BatchResult[]>;

const accept: Answer = (handles) => Promise.resolve(handles.map((receiptHandle) => ({ receiptHandle })));
const gone = { code: "ReceiptHandleIsInvalid", message: "gone", gone: true };
const throttled = { code: "Throttled", message: "later", gone: false };

function setUp(visibilityTimeoutS = 60) {
  const clock = createSimClock();
  const beats: { at: number; handles: readonly string[] }[] = [];
  let answer = accept;
  const queue = createMemoryQueue(clock);
  queue.changeVisibility = (entries) => {
    const handles = entries.map((it) => it.receiptHandle);
    for (const it of entries) expect(it.visibilityTimeoutS).toBe(visibilityTimeoutS);
    beats.push({ at: clock.monotonic() / 1000, handles });
    return answer(handles);
  };
  const log = createLog(
    () => undefined,
    () => 0,
  );
  const keeper = new LeaseKeeper({ queue, clock, log, visibilityTimeoutS });
  const lost: LeaseLost[] = [];
  const hold = (handle = "h") => keeper.hold(handle, (reason) => lost.push(reason));
  return { clock, beats, lost, hold, answers: (it: Answer) => void (answer = it) };
}

describe("a lease", () => {
  test("is extended every third of the visibility timeout, from receipt on", async () => {
    const { clock, beats, lost, hold } = setUp();
    const lease = hold();
    await clock.advance(600_000);
    expect(beats.length).toBeGreaterThanOrEqual(29);
    expect(beats.length).toBeLessThanOrEqual(41);
    let last = 0;
    for (const { at } of beats) {
      expect(at - last).toBeLessThanOrEqual(20);
      last = at;
    }
    expect(lease.held()).toBe(true);
    expect(lost).toEqual([]);
  });

  test("of many messages is extended in batches of at most ten, each message in time", async () => {
    const { clock, beats, hold } = setUp();
    const leases = Array.from({ length: 25 }, (_, i) => hold(`h${i}`));
    await clock.advance(60_000);
    expect(Math.max(...beats.map((it) => it.handles.length))).toBe(10);
    for (let i = 0; i < 25; i++)
      expect(beats.filter((it) => it.handles.includes(`h${i}`)).length).toBeGreaterThan(2);
    expect(leases.every((it) => it.held())).toBe(true);
  });

  test("is lost the moment the queue says that the message is gone", async () => {
    const { clock, lost, hold, answers } = setUp();
    answers((handles) => Promise.resolve(handles.map((receiptHandle) => ({ receiptHandle, error: gone }))));
    const lease = hold();
    await clock.advance(20_000);
    expect(lost).toMatchObject([{ code: "lease-lost" }]);
    expect(lease.held()).toBe(false);
    await clock.advance(600_000);
    expect(lost).toHaveLength(1);
  });

  test("is lost a little before the timeout when it cannot be extended, and never later", async () => {
    const { clock, lost, hold, answers } = setUp();
    answers(() => Promise.reject(new Error("the network is down")));
    const lease = hold();
    await clock.until(() => lost.length > 0);
    expect(clock.monotonic()).toBeGreaterThan(45_000);
    expect(clock.monotonic()).toBeLessThan(60_000);
    expect(lease.held()).toBe(false);
  });

  test("does not count as held past its time, even before anybody noticed", async () => {
    const { clock, hold, answers } = setUp();
    answers(() => new Promise(() => undefined));
    const lease = hold();
    await clock.advance(54_000);
    expect(lease.held()).toBe(true);
    await clock.advance(1_500);
    expect(lease.held()).toBe(false);
  });

  test("that was refused once is tried again in time", async () => {
    const { clock, lost, hold, answers, beats } = setUp();
    answers((handles) =>
      Promise.resolve(
        handles.map((receiptHandle) =>
          beats.length < 3 ? { receiptHandle, error: throttled } : { receiptHandle },
        ),
      ),
    );
    const lease = hold();
    await clock.advance(300_000);
    expect(lost).toEqual([]);
    expect(lease.held()).toBe(true);
  });

  test("counts an extension from when it was asked for, not from when the answer came", async () => {
    const { clock, hold, answers, beats } = setUp();
    answers(async (handles) => {
      if (beats.length > 1) return await new Promise(() => undefined);
      await clock.sleep(15_000);
      return await accept(handles);
    });
    const lease = hold();
    await clock.until(() => beats.length === 1);
    const askedAt = clock.monotonic();
    await clock.until(() => !lease.held());
    expect(clock.monotonic() - askedAt).toBeLessThan(60_000);
    expect(clock.monotonic() - askedAt).toBeGreaterThan(50_000);
  });

  test("that was given back is extended no more; a heartbeat that comes too late harms nobody", async () => {
    const { clock, lost, hold, answers, beats } = setUp();
    const lease = hold();
    await clock.until(() => beats.length === 1);
    answers((handles) => Promise.resolve(handles.map((receiptHandle) => ({ receiptHandle, error: gone }))));
    void lease.release();
    await clock.advance(120_000);
    expect(beats).toHaveLength(1);
    expect(lost).toEqual([]);
  });

  test("given back while a heartbeat is under way: resolves when that has ended", async () => {
    const { clock, hold, answers, beats } = setUp();
    answers((handles) => clock.sleep(3_000).then(() => accept(handles)));
    const lease = hold();
    await clock.until(() => beats.length === 1);
    const from = clock.monotonic();
    await clock.settle(lease.release());
    expect(clock.monotonic() - from).toBe(3_000);
  });
});

describe("the keeper", () => {
  test("sets no timer while nothing is held", async () => {
    const { clock, hold } = setUp();
    expect(clock.timers).toBe(0);
    const leases = [hold("a"), hold("b")];
    expect(clock.timers).toBe(1);
    for (const it of leases) await it.release();
    expect(clock.timers).toBe(0);
    const again = hold("c");
    expect(clock.timers).toBe(1);
    await again.release();
    expect(clock.timers).toBe(0);
  });

  test("losing one message leaves the others alone", async () => {
    const { clock, lost, hold, answers } = setUp();
    answers((handles) =>
      Promise.resolve(
        handles.map((receiptHandle) =>
          receiptHandle === "a" ? { receiptHandle, error: gone } : { receiptHandle },
        ),
      ),
    );
    const [a, b] = [hold("a"), hold("b")];
    await clock.advance(300_000);
    expect([a.held(), b.held()]).toEqual([false, true]);
    expect(lost).toHaveLength(1);
  });

  test("works with the shortest timeout there is", async () => {
    const { clock, lost, hold } = setUp(3);
    const lease = hold();
    await clock.advance(30_000);
    expect(lost).toEqual([]);
    expect(lease.held()).toBe(true);
  });
});
