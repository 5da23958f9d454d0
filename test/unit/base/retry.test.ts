import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fullJitterMs, retry } from "../../../base/retry.ts";
import { createSeededRandom } from "../../support/seeded-random.ts";
import { createSimClock } from "../../support/sim-clock.ts";

const random = (value: number) => ({ ...createSeededRandom(), next: () => value });

const tools = () => ({ clock: createSimClock(), random: random(0.999) });

describe("full jitter", () => {
  test("stays below the cap and below the doubling base, and reaches down to zero", () => {
    fc.assert(
      fc.property(
        fc.nat(2_000),
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 1e6 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, base, cap, draw) => {
          const ms = fullJitterMs(random(draw), attempt, base, cap);
          expect(ms).toBeGreaterThanOrEqual(0);
          expect(ms).toBeLessThanOrEqual(Math.min(cap, base * 2 ** attempt));
          expect(fullJitterMs(random(0), attempt, base, cap)).toBe(0);
        },
      ),
    );
  });

  test("uses the whole range: its mean is half the bound", () => {
    const seeded = createSeededRandom(5);
    const draws = Array.from({ length: 4_000 }, () => fullJitterMs(seeded, 3, 100, 10_000));
    expect(draws.reduce((sum, it) => sum + it, 0) / draws.length / 800).toBeCloseTo(0.5, 1);
  });
});

describe("retry", () => {
  test("repeats until it succeeds, waiting longer each time up to the cap", async () => {
    const { clock, ...rest } = tools();
    const at: number[] = [];
    const heard: number[] = [];
    const work = async () => {
      at.push(clock.monotonic());
      if (at.length < 6) throw new Error("not yet");
      return "there";
    };
    const options = {
      baseMs: 100,
      capMs: 500,
      giveUp: () => false,
      onRetry: (_: unknown, attempt: number) => heard.push(attempt),
    };
    expect(await clock.settle(retry({ clock, ...rest }, options, work))).toBe("there");
    const pauses = at.slice(1).map((ms, i) => Math.round(ms - (at[i] ?? 0)));
    expect(pauses).toEqual([100, 200, 400, 500, 500]);
    expect(heard).toEqual([0, 1, 2, 3, 4]);
  });

  test("throws the error on which it is told to give up", async () => {
    const { clock, ...rest } = tools();
    let calls = 0;
    const failing = retry(
      { clock, ...rest },
      { baseMs: 1, capMs: 1, giveUp: (_, attempt) => attempt === 2 },
      () => Promise.reject(new Error(`try ${calls++}`)),
    );
    await expect(clock.settle(failing)).rejects.toThrow("try 2");
    expect(calls).toBe(3);
  });

  test("an abort ends the pause at once, with the signal's reason", async () => {
    const { clock, ...rest } = tools();
    const controller = new AbortController();
    const waiting = retry(
      { clock, ...rest },
      { baseMs: 1e6, capMs: 1e6, giveUp: () => false, signal: controller.signal },
      () => Promise.reject(new Error("down")),
    );
    await clock.advance(10);
    controller.abort(new Error("leaving"));
    await expect(waiting).rejects.toThrow("leaving");
    expect(clock.timers).toBe(0);
  });

  test("an abort before the first try means no try", async () => {
    let calls = 0;
    const signal = AbortSignal.abort(new Error("too late"));
    const options = { baseMs: 1, capMs: 1, giveUp: () => false, signal };
    const none = retry(tools(), options, async () => void calls++);
    await expect(none).rejects.toThrow("too late");
    expect(calls).toBe(0);
  });
});
