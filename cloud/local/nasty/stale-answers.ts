import type { Clock } from "../../../base/clock.ts";
import type { Faults } from "./faults.ts";

/** "Usually reached within a second", says SimpleDB's guide of consistency; we allow two. */
const STALE_MS = 2000;
const MAX_KEPT = 256; // recent reads; older ones would be too old to be given anyhow

/** Reads that may be answered as they were answered a moment ago. */
export class StaleAnswers<T> {
  readonly #kept = new Map<string, { answer: T; atMs: number }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The answer to the same question of up to two seconds ago, when the fault strikes; else a fresh one. */
  async read(faults: Faults, question: string, ask: () => Promise<T>): Promise<T> {
    if (!faults.enabled) return ask();
    const known = this.#kept.get(question);
    const now = this.#clock.now();
    if (known !== undefined && now - known.atMs <= STALE_MS && faults.strikes("stale-read"))
      return known.answer;
    const answer = await ask();
    this.#kept.delete(question);
    this.#kept.set(question, { answer, atMs: now });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_KEPT) break;
      this.#kept.delete(oldest);
    }
    return answer;
  }
}
