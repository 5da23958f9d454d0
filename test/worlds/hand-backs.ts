import type { Clock } from "../../base/clock.ts";
import type { QueueMessage } from "../../cloud/ports/queue.ts";
import type { HeldMessage, MemoryQueue } from "../support/memory-queue.ts";
import type { Call } from "./faults.ts";
import type { Host } from "./host.ts";

/** What a heartbeat asks for; anything else hands a message back. */
const HEARTBEAT_S = 60;
/** A stopped agent needs the round trips of a hand-back, no more. */
const HAND_BACK_MS = 5_000;

/** Who holds which message, as far as the queue is told. */
export class HandBacks {
  readonly #clock: Clock;
  readonly #requests: MemoryQueue;
  readonly #onUnwanted: (host: Host, id: string) => void;
  /** By receipt handle. */
  readonly #holders = new Map<string, Host>();

  /** @param onUnwanted a machine took a message although it was told to take none */
  constructor(clock: Clock, requests: MemoryQueue, onUnwanted: (host: Host, id: string) => void) {
    this.#onUnwanted = onUnwanted;
    this.#clock = clock;
    this.#requests = requests;
  }

  note(host: Host, { name }: Call, args: readonly unknown[], result: unknown): void {
    if (name === "requests.receive") {
      for (const it of result as QueueMessage[]) {
        this.#holders.set(it.receiptHandle, host);
        if (host.isCordoned) this.#onUnwanted(host, it.id);
      }
    } else if (name === "requests.changeVisibility") {
      const entries = args[0] as { receiptHandle: string; visibilityTimeoutS: number }[];
      for (const it of entries) {
        if (it.visibilityTimeoutS !== HEARTBEAT_S) this.#holders.delete(it.receiptHandle);
      }
    }
  }

  /** An agent that is told to leave hands these messages back at once: nobody has to wait for the visibility timeout. */
  expect(host: Host, which: (it: HeldMessage) => boolean, onMissing: (id: string) => void): void {
    const isHeld = (it: HeldMessage) =>
      this.#holders.get(it.receiptHandle ?? "") === host && it.visibleAt > this.#clock.monotonic();
    const held = this.#requests.messages.filter((it) => isHeld(it) && which(it));
    const counts = new Map(held.map((it) => [it, it.receiveCount]));
    this.#clock.after(HAND_BACK_MS, () => {
      if (host.dead || host.isFrozen || host.cuts.length > 0 || host.wasSlow) return;
      for (const it of this.#requests.messages) {
        if (counts.get(it) === it.receiveCount && it.visibleAt > this.#clock.monotonic()) onMissing(it.id);
      }
    });
  }
}
