/**
 * Time comes from outside, so that a test, and later the simulator, can own it.
 * Only base/system touches Date.now, performance.now and setTimeout.
 */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump; never use it to measure a lease. */
  now(): number;
  /** Milliseconds on a clock that never jumps. For leases, deadlines and durations. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with `signal.reason` when the signal aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `fn` once after `ms` unless the returned function is called before. */
  after(ms: number, fn: () => void): () => void;
}

/**
 * Runs `work` with a signal that aborts after `ms` (reason: `onDeadline()`), or when `parent` does.
 * The timer is gone when the work has settled.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  onDeadline: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
  parent?: AbortSignal,
): Promise<T> {
  const controller = new AbortController();
  const cancel = clock.after(ms, () => controller.abort(onDeadline()));
  const signal = parent ? AbortSignal.any([controller.signal, parent]) : controller.signal;
  try {
    return await work(signal);
  } catch (error) {
    // Libraries wrap or replace an abort reason; the caller wants the reason itself.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    cancel();
  }
}

/** The outcome of `work`, unless the signal aborts first; for work that does not heed a signal itself. */
export function withSignal<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
