import type { Clock } from "../../base/clock.ts";
import type { BatchResult, QueueMessage } from "../../cloud/ports/queue.ts";
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
  /** Messages by the receipt handles they were ever handed out with. */
  readonly #ids = new Map<string, string>();
  /** Monotonic milliseconds until which the queue has said that it hides a message, by machine and message. */
  readonly #hiddenUntil = new Map<string, number>();

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
        this.#ids.set(it.receiptHandle, it.id);
        this.#hide(host, it.receiptHandle);
        if (host.isCordoned) this.#onUnwanted(host, it.id);
      }
    } else if (name === "requests.changeVisibility") {
      const entries = args[0] as { receiptHandle: string; visibilityTimeoutS: number }[];
      const refused = (result as BatchResult[]).filter((it) => it.error !== undefined);
      for (const { receiptHandle, visibilityTimeoutS } of entries) {
        if (visibilityTimeoutS !== HEARTBEAT_S) this.#holders.delete(receiptHandle);
        else if (!refused.some((it) => it.receiptHandle === receiptHandle)) this.#hide(host, receiptHandle);
      }
    }
  }

  /** Whether a machine that begins to work on a message now could believe, when it decided to, that the message was hidden. */
  isHidden(host: Host, id: string): boolean {
    const until = this.#hiddenUntil.get(`${host.name} ${id}`) ?? Infinity;
    return this.#clock.monotonic() - host.heldUpMs <= until;
  }

  #hide(host: Host, receiptHandle: string): void {
    const until = this.#clock.monotonic() + HEARTBEAT_S * 1000;
    this.#hiddenUntil.set(`${host.name} ${this.#ids.get(receiptHandle)}`, until);
  }

  /** An agent that is told to leave hands these messages back at once: nobody has to wait for the visibility timeout. */
  expect(host: Host, which: (it: HeldMessage) => boolean, onMissing: (id: string) => void): void {
    const isHeld = (it: HeldMessage) =>
      this.#holders.get(it.receiptHandle ?? "") === host && it.visibleAt > this.#clock.monotonic();
    const held = this.#requests.messages.filter((it) => isHeld(it) && which(it));
    const counts = new Map(held.map((it) => [it, it.receiveCount]));
    this.#clock.after(HAND_BACK_MS, () => {
      if (host.isHeldUp) return;
      for (const it of this.#requests.messages) {
        if (counts.get(it) === it.receiveCount && it.visibleAt > this.#clock.monotonic()) onMissing(it.id);
      }
    });
  }
}
