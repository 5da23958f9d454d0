import type { Clock } from "../../base/clock.ts";

/**
 * Time for many sleepers at once: it stands still until the test lets it pass, and then goes from timer to timer, with
 * everything that one sets off before the next. Meant for parts that do all their work in memory.
 */
export interface SimClock extends Clock {
  /** Lets `ms` pass. */
  advance(ms: number): Promise<void>;
  /** Lets time pass until the condition holds; throws when it does not within `withinMs` of this clock. */
  until(condition: () => boolean, withinMs?: number): Promise<void>;
  /** Lets time pass until the promise has settled. */
  settle<T>(promise: Promise<T>, withinMs?: number): Promise<T>;
  /** Moves the wall clock alone, as a correction by NTP does. */
  jump(ms: number): void;
  /** Timers that are set. */
  readonly timers: number;
}

interface Timer {
  at: number;
  fn: () => void;
}

const HOUR_MS = 3_600_000;

/** Everything that waits on memory alone has happened when this resolves. */
const quiet = () => new Promise<void>((resolve) => void setImmediate(resolve));

export function createSimClock(startMs = Date.UTC(2026, 10, 22, 8, 39, 20)): SimClock {
  const timers = new Set<Timer>();
  let elapsed = 0;
  let offset = 0;

  const next = (): Timer | undefined => {
    let first: Timer | undefined;
    for (const it of timers) if (first === undefined || it.at < first.at) first = it;
    return first;
  };
  const fire = async (timer: Timer) => {
    timers.delete(timer);
    elapsed = Math.max(elapsed, timer.at);
    timer.fn();
    await quiet();
  };
  const after = (ms: number, fn: () => void) => {
    // Whole milliseconds, as timers have: what is shorter than the number's precision would not let time pass.
    const timer = { at: elapsed + Math.max(0, Math.ceil(ms)), fn };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  const until = async (condition: () => boolean, withinMs = HOUR_MS) => {
    const latest = elapsed + withinMs;
    await quiet();
    while (!condition()) {
      const timer = next();
      if (timer === undefined) throw new Error("Nothing is left that could make the condition true.");
      if (timer.at > latest) throw new Error(`The condition did not hold within ${withinMs} ms.`);
      await fire(timer);
    }
  };
  return {
    now: () => startMs + offset + elapsed,
    monotonic: () => elapsed,
    jump: (ms) => void (offset += ms),
    after,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason as Error);
          return;
        }
        const onAbort = () => {
          cancel();
          reject(signal?.reason as Error);
        };
        const cancel = after(ms, () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        });
        signal?.addEventListener("abort", onAbort, { once: true });
      }),
    advance: async (ms) => {
      const target = elapsed + ms;
      await quiet();
      for (let timer = next(); timer !== undefined && timer.at <= target; timer = next()) await fire(timer);
      elapsed = target;
    },
    until,
    settle: async (promise, withinMs) => {
      let settled = false;
      const mark = () => void (settled = true);
      promise.then(mark, mark);
      await until(() => settled, withinMs);
      return await promise;
    },
    get timers() {
      return timers.size;
    },
  };
}
