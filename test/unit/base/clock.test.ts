import { describe, expect, test } from "vitest";
import { withDeadline, withSignal } from "../../../base/clock.ts";
import { systemClock } from "../../../base/system/clock.ts";
import { createSimClock } from "../../support/sim-clock.ts";

const late = () => new Error("too late");
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("AbortError")), { once: true });
  });

describe("withDeadline", () => {
  test("gives the deadline's own reason, whatever the work made of it", async () => {
    const clock = createSimClock();
    await expect(clock.settle(withDeadline(clock, 50, late, untilAborted))).rejects.toThrow("too late");
    expect(clock.monotonic()).toBe(50);
  });

  test("leaves no timer behind, neither after success nor after failure", async () => {
    const clock = createSimClock();
    expect(await withDeadline(clock, 50, late, () => Promise.resolve(7))).toBe(7);
    await expect(withDeadline(clock, 50, late, () => Promise.reject(new Error("own")))).rejects.toThrow(
      "own",
    );
    expect(clock.timers).toBe(0);
  });

  test("passes the parent's abort on, and does not call it a deadline", async () => {
    const clock = createSimClock();
    const parent = new AbortController();
    const work = withDeadline(clock, 50, late, untilAborted, parent.signal);
    parent.abort();
    await expect(work).rejects.toThrow("AbortError");
  });
});

describe("withSignal", () => {
  test("does not wait for work that ignores the signal", async () => {
    const controller = new AbortController();
    const work = withSignal(controller.signal, new Promise(() => undefined));
    controller.abort(new Error("enough"));
    await expect(work).rejects.toThrow("enough");
    await expect(withSignal(controller.signal, new Promise(() => undefined))).rejects.toThrow("enough");
  });

  test("is the work itself otherwise", async () => {
    const { signal } = new AbortController();
    expect(await withSignal(signal, Promise.resolve(1))).toBe(1);
    await expect(withSignal(signal, Promise.reject(new Error("own")))).rejects.toThrow("own");
  });
});

describe("the system's clock", () => {
  test("sleeps, and wakes at once when the signal aborts", async () => {
    const controller = new AbortController();
    const sleeping = systemClock.sleep(60_000, controller.signal);
    controller.abort(new Error("wake up"));
    await expect(sleeping).rejects.toThrow("wake up");
    await expect(systemClock.sleep(1, controller.signal)).rejects.toThrow("wake up");
    const from = systemClock.monotonic();
    await systemClock.sleep(5);
    expect(systemClock.monotonic() - from).toBeGreaterThan(3);
  });

  test("calls back once, or never when it is cancelled", async () => {
    const calls: string[] = [];
    const cancel = systemClock.after(1, () => calls.push("cancelled"));
    cancel();
    await new Promise<void>((resolve) => {
      systemClock.after(3, () => {
        calls.push("due");
        resolve();
      });
    });
    expect(calls).toEqual(["due"]);
  });
});
