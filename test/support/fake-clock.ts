import type { Clock } from "../../base/clock.ts";

/**
 * Time that passes only when somebody sleeps: a sleep moves the clock on at once, timers that became due fire
 * on the way. Hours of waiting take no time, and the order of events stays that of real time for one sleeper.
 */
export interface FakeClock extends Clock {
  advance(ms: number): void;
  /** Every sleep so far, milliseconds. */
  readonly slept: readonly number[];
}

export function createFakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  const slept: number[] = [];
  const timers = new Set<{ at: number; fn: () => void }>();
  let elapsed = 0;
  const advance = (ms: number) => {
    const until = elapsed + ms;
    for (;;) {
      const [due] = [...timers].filter((it) => it.at <= until).toSorted((a, b) => a.at - b.at);
      if (due === undefined) break;
      timers.delete(due);
      elapsed = Math.max(elapsed, due.at);
      due.fn();
    }
    elapsed = until;
  };
  return {
    slept,
    advance,
    now: () => startMs + elapsed,
    monotonic: () => elapsed,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      slept.push(ms);
      await new Promise((resolve) => setImmediate(resolve));
      advance(ms);
      signal?.throwIfAborted();
    },
    after: (ms, fn) => {
      const timer = { at: elapsed + ms, fn };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
}
