import type { Clock } from "../../base/clock.ts";
import type { QueueMessage } from "../../cloud/ports/queue.ts";

/**
 * The queue's own time, for what it measures by it: ages, retention, deadlines. A first receipt tells it, because its
 * time stamp is the queue's now; a later receipt, that it is at least as late. Our own clock may be hours off.
 */
export class QueueClock {
  readonly #clock: Clock;
  #skewMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Learns from a message that was received just now. */
  observe({ receiveCount, firstReceivedAt }: QueueMessage): void {
    if (!(firstReceivedAt > 0)) return;
    const skewMs = firstReceivedAt - this.#clock.now();
    this.#skewMs = receiveCount === 1 ? skewMs : Math.max(this.#skewMs, skewMs);
  }

  /** Epoch milliseconds, as the queue would say. */
  now(): number {
    return this.#clock.now() + this.#skewMs;
  }
}

/** Longest time kept free at the end of a message's retention, to deliver and to park. */
const MARGIN_S = 1_800;

/** How long one message may still be worked on, by the queue's time. */
export class TimeLeft {
  readonly #clock: QueueClock;
  readonly #message: QueueMessage;
  readonly #retentionS: number;

  constructor(clock: QueueClock, message: QueueMessage, retentionS: number) {
    this.#clock = clock;
    this.#message = message;
    this.#retentionS = retentionS;
  }

  /** Seconds until the queue drops the message. */
  inQueueS(): number {
    return this.#retentionS - this.#ageS();
  }

  /** Seconds of those to deliver and to park; less where a queue keeps its messages for minutes only. */
  get marginS(): number {
    return Math.min(MARGIN_S, this.#retentionS / 10);
  }

  /** Seconds left of the client's deadline, at least one; Infinity without one. */
  ofDeadlineS(deadlineS: number | undefined): number {
    return deadlineS === undefined ? Infinity : Math.max(1, deadlineS - this.#ageS());
  }

  #ageS(): number {
    return (this.#clock.now() - this.#message.sentAt) / 1000;
  }
}
