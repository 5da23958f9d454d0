import type { Clock } from "../../base/clock.ts";
import { DroverError, reasonOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { BatchResult, Queue } from "../../cloud/ports/queue.ts";

/** Thrown into a job whose message may belong to somebody else by now: no effect may follow. */
export class LeaseLost extends DroverError {
  constructor() {
    super(
      "lease-lost",
      "The message's visibility could not be extended in time; another agent may hold it now.",
    );
  }
}

/** The right to work on one message, from receipt until it is released or lost. */
export interface Lease {
  readonly receiptHandle: string;
  /** False from the moment the message might be visible to others. Ask before every outside effect. */
  held(): boolean;
  /**
   * Ends the heartbeats; the message itself is deleted or handed back by the caller. Resolves when none is under way,
   * which could hide the message once more.
   */
  release(): Promise<void>;
}

interface Held {
  receiptHandle: string;
  /** Monotonic milliseconds until which the message is surely hidden. */
  until: number;
  /** Monotonic time of the next heartbeat; Infinity while one is under way. */
  nextBeat: number;
  lost: boolean;
  /** The heartbeat under way. */
  beat: Promise<void>;
  onLost: (reason: LeaseLost) => void;
}

/** SQS batches hold ten entries. */
const BATCH = 10;

/**
 * Keeps the messages of one queue hidden: a heartbeat every third of the visibility timeout, in batches, for
 * everything that is held, waiting jobs included. A lease that cannot be extended is lost a little before
 * the visibility timeout ends, by the monotonic clock, so that a stopped or busy process never outlives it.
 */
export class LeaseKeeper {
  readonly #held = new Map<string, Held>();
  readonly #intervalMs: number;
  readonly #goodForMs: number;
  #cancelTick: (() => void) | undefined;
  readonly #tools: { queue: Queue; clock: Clock; log: Log; visibilityTimeoutS: number };

  constructor(tools: { queue: Queue; clock: Clock; log: Log; visibilityTimeoutS: number }) {
    this.#tools = tools;
    const visibilityMs = tools.visibilityTimeoutS * 1000;
    this.#intervalMs = visibilityMs / 3;
    this.#goodForMs = visibilityMs - Math.min(5_000, visibilityMs / 6);
  }

  /**
   * Takes charge of a message that was received just now. `onLost` is called at most once.
   * @param since monotonic milliseconds before which the queue cannot have handed it out; now, when nothing is said
   */
  hold(receiptHandle: string, onLost: (reason: LeaseLost) => void, since?: number): Lease {
    const { clock } = this.#tools;
    const from = since ?? clock.monotonic();
    const held: Held = {
      receiptHandle,
      until: from + this.#goodForMs,
      nextBeat: from + this.#intervalMs,
      lost: false,
      beat: Promise.resolve(),
      onLost,
    };
    this.#held.set(receiptHandle, held);
    if (this.#cancelTick === undefined) this.#nextTick();
    return {
      receiptHandle,
      held: () => !held.lost && clock.monotonic() < held.until,
      release: () => {
        this.#drop(receiptHandle);
        return held.beat;
      },
    };
  }

  /** True when a message that was handed out at `since` may be somebody else's by now. */
  isStale(since: number): boolean {
    return this.#tools.clock.monotonic() >= since + this.#goodForMs;
  }

  #drop(receiptHandle: string): void {
    this.#held.delete(receiptHandle);
    if (this.#held.size > 0) return;
    this.#cancelTick?.(); // an idle keeper keeps no process alive
    this.#cancelTick = undefined;
  }

  #nextTick(): void {
    this.#cancelTick = this.#tools.clock.after(this.#intervalMs / 4, () => this.#tick());
  }

  #tick(): void {
    this.#cancelTick = undefined;
    const { clock } = this.#tools;
    const now = clock.monotonic();
    for (const it of this.#held.values()) if (now >= it.until) this.#lose(it);
    if (this.#held.size === 0) return;
    this.#nextTick();
    // What would be due before the tick after next goes along: fewer, fuller batches.
    const due = [...this.#held.values()].filter((it) => it.nextBeat <= now + this.#intervalMs / 4);
    for (let i = 0; i < due.length; i += BATCH) {
      const batch = due.slice(i, i + BATCH);
      const beat = this.#beat(batch);
      for (const it of batch) it.beat = beat;
    }
  }

  async #beat(batch: Held[]): Promise<void> {
    const { queue, clock, log, visibilityTimeoutS } = this.#tools;
    const sentAt = clock.monotonic();
    for (const it of batch) it.nextBeat = Infinity;
    let results: BatchResult[] = [];
    try {
      results = await queue.changeVisibility(
        batch.map(({ receiptHandle }) => ({ receiptHandle, visibilityTimeoutS })),
      );
    } catch (error) {
      log.warn("lease.heartbeat-failed", { messages: batch.length, reason: reasonOf(error) });
    }
    const outcome = new Map(results.map((it) => [it.receiptHandle, it]));
    for (const it of batch) {
      const result = outcome.get(it.receiptHandle);
      if (result !== undefined && result.error === undefined) {
        it.until = sentAt + this.#goodForMs;
        it.nextBeat = sentAt + this.#intervalMs;
      } else if (result?.error?.gone && this.#held.has(it.receiptHandle)) {
        this.#lose(it);
      } else {
        it.nextBeat = clock.monotonic(); // the next tick tries again
      }
    }
  }

  #lose(held: Held): void {
    held.lost = true;
    this.#held.delete(held.receiptHandle);
    held.onLost(new LeaseLost());
  }
}
