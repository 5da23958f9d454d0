import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

/**
 * Full jitter: a uniform draw below min(cap, base · 2^attempt).
 * Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
 * @param attempt 0 for the first retry.
 */
export function fullJitterMs(random: Random, attempt: number, baseMs: number, capMs: number): number {
  return random.next() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
}

/**
 * Repeats `work` until it succeeds, `giveUp` says no, or the signal aborts (then its reason is thrown).
 * `onRetry` hears of every failure that is followed by another try.
 */
export async function retry<T>(
  tools: { clock: Clock; random: Random },
  options: {
    baseMs: number;
    capMs: number;
    signal?: AbortSignal;
    giveUp: (error: unknown, attempt: number) => boolean;
    onRetry?: (error: unknown, attempt: number) => void;
  },
  work: (attempt: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    options.signal?.throwIfAborted();
    try {
      return await work(attempt);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (options.giveUp(error, attempt)) throw error;
      options.onRetry?.(error, attempt);
    }
    await tools.clock.sleep(
      fullJitterMs(tools.random, attempt, options.baseMs, options.capMs),
      options.signal,
    );
  }
}
