import type { Clock } from "../../base/clock.ts";

/** Lets loops wait until something changed, without polling. */
export class Wakeup {
  #waiting: (() => void)[] = [];

  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves at the next wake(), or after `atMostMs`. */
  wait(clock: Clock, atMostMs?: number): Promise<void> {
    return new Promise((resolve) => {
      if (atMostMs === undefined) {
        this.#waiting.push(resolve);
        return;
      }
      const cancel = clock.after(atMostMs, resolve);
      this.#waiting.push(() => {
        cancel();
        resolve();
      });
    });
  }
}
