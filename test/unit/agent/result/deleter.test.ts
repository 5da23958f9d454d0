import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Deleter } from "../../../../agent/result/deleter.ts";
import { createLog } from "../../../../base/log.ts";
import type { BatchResult } from "../../../../cloud/ports/queue.ts";
import { createMemoryQueue } from "../../../support/memory-queue.ts";
import { createSimClock } from "../../../support/sim-clock.ts";

function setUp() {
  const calls: { handles: readonly string[]; answer: (results: BatchResult[] | Error) => void }[] = [];
  const queue = createMemoryQueue(createSimClock());
  queue.delete = (handles) =>
    new Promise((resolve, reject) => {
      calls.push({ handles, answer: (it) => (it instanceof Error ? reject(it) : resolve(it)) });
    });
  return {
    calls,
    deleter: new Deleter(
      queue,
      createLog(
        () => undefined,
        () => 0,
      ),
    ),
  };
}

const fine = (handles: readonly string[]) => handles.map((receiptHandle) => ({ receiptHandle }));
const names = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `h${from + i}`);

describe("the deleter", () => {
  test("never waits for company", () => {
    const { calls, deleter } = setUp();
    void deleter.delete("a");
    expect(calls.map((it) => it.handles)).toEqual([["a"]]);
  });

  test("fills batches of ten with what comes while the queue is busy, in order, four calls at a time", async () => {
    const { calls, deleter } = setUp();
    const all = names(0, 30).map((it) => deleter.delete(it));
    expect(calls.map((it) => it.handles.length)).toEqual([1, 1, 1, 1]);
    calls[0]?.answer(fine(["h0"]));
    await setImmediate();
    expect(calls[4]?.handles).toEqual(names(4, 14));
    for (let i = 1; i < calls.length || i < 7; i++) {
      calls[i]?.answer(fine(calls[i]?.handles ?? []));
      await setImmediate();
    }
    expect(await Promise.all(all)).toEqual(all.map(() => true));
    expect(calls.flatMap((it) => it.handles).toSorted()).toEqual(names(0, 30).toSorted());
    expect(Math.max(...calls.map((it) => it.handles.length))).toBe(10);
  });

  test("tells each one what became of its own message", async () => {
    const { calls, deleter } = setUp();
    for (let i = 0; i < 4; i++) void deleter.delete(`busy${i}`);
    const results = ["a", "b", "c"].map((it) => deleter.delete(it));
    calls[0]?.answer(fine(["busy0"]));
    await setImmediate();
    const error = { code: "InternalError", message: "no", gone: false };
    calls[4]?.answer([{ receiptHandle: "a" }, { receiptHandle: "b", error }]); // nothing about c
    expect(await Promise.all(results)).toEqual([true, false, false]);
  });

  test("a call that fails confirms nothing, and the next ones go on", async () => {
    const { calls, deleter } = setUp();
    const first = deleter.delete("a");
    calls[0]?.answer(new Error("the network is down"));
    expect(await first).toBe(false);
    const second = deleter.delete("b");
    calls[1]?.answer(fine(["b"]));
    expect(await second).toBe(true);
  });
});
