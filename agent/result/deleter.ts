import { reasonOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { BatchResult, Queue } from "../../cloud/ports/queue.ts";

/** SQS batches hold ten entries. */
const BATCH = 10;
/** Deletes are urgent (until one has landed a crash would repeat a delivery), so a few may be under way at once. */
const CALLS = 4;

/**
 * Deletes messages, several in one call when they come faster than the queue answers. Never waits for company: a
 * message that was delivered is deleted at once.
 */
export class Deleter {
  readonly #queue: Queue;
  readonly #log: Log;
  readonly #waiting: { receiptHandle: string; resolve: (confirmed: boolean) => void }[] = [];
  #calls = 0;

  constructor(queue: Queue, log: Log) {
    this.#queue = queue;
    this.#log = log;
  }

  /** Resolves to true when the queue confirmed the delete; false when nobody knows. Never rejects. */
  delete(receiptHandle: string): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push({ receiptHandle, resolve });
      this.#next();
    });
  }

  #next(): void {
    if (this.#calls === CALLS || this.#waiting.length === 0) return;
    this.#calls++;
    const batch = this.#waiting.splice(0, BATCH);
    void this.#send(batch.map((it) => it.receiptHandle)).then((results) => {
      const failed = new Set(results.filter((it) => it.error !== undefined).map((it) => it.receiptHandle));
      const answered = new Set(results.map((it) => it.receiptHandle));
      for (const it of batch) it.resolve(answered.has(it.receiptHandle) && !failed.has(it.receiptHandle));
      this.#calls--;
      this.#next();
    });
  }

  async #send(receiptHandles: string[]): Promise<BatchResult[]> {
    try {
      return await this.#queue.delete(receiptHandles);
    } catch (error) {
      this.#log.warn("delete.unconfirmed", { messages: receiptHandles.length, reason: reasonOf(error) });
      return [];
    }
  }
}
