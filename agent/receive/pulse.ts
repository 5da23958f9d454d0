import type { Clock } from "../../base/clock.ts";

/**
 * Knows when this process last ran for sure. An answer that is read after the process was stopped for a while was given
 * long before, and so was the lease that came with it.
 */
export class Pulse {
  readonly #clock: Clock;
  readonly #periodMs: number;
  #last: number;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, periodMs: number) {
    this.#clock = clock;
    this.#periodMs = periodMs;
    this.#last = clock.monotonic();
  }

  start(): void {
    this.#last = this.#clock.monotonic();
    this.#cancel = this.#clock.after(this.#periodMs, () => this.start());
  }

  stop(): void {
    this.#cancel?.();
  }

  /** Monotonic milliseconds, at most a period ago unless the process was stopped. */
  get last(): number {
    return this.#last;
  }
}
