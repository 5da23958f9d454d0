import { parseRecord, RECORD } from "../../autoscaler/daemon/record.ts";
import type { Clock } from "../../base/clock.ts";
import { reasonOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Store } from "../../cloud/ports/store.ts";

/**
 * What the autoscaler wants of this instance, and how long nobody was heard who could want anything. An order stands until
 * a newer record says otherwise: a store that is away changes nothing.
 */
export class Orders {
  /** The number of the order to take no message; undefined: work. */
  cordon: string | undefined;
  readonly #tools: { store: Pick<Store, "readRecord">; clock: Clock; log: Log };
  readonly #instance: string;
  #beat = 0;
  /** Monotonic; since when the leader's record is what it is. Undefined when no scaler has to do with this fleet. */
  #heardAt: number | undefined;

  /** @param instance the machine's name: the agents of one machine obey the same order */
  constructor(tools: { store: Pick<Store, "readRecord">; clock: Clock; log: Log }, instance: string) {
    this.#tools = tools;
    this.#instance = instance;
  }

  /** Never rejects. */
  async refresh(): Promise<void> {
    const { store, clock, log } = this.#tools;
    try {
      const found = await store.readRecord(RECORD);
      if (found === undefined) return;
      const { cordons, beat, leader } = parseRecord(found.text);
      this.cordon = Object.hasOwn(cordons, this.#instance) ? cordons[this.#instance] : undefined;
      if (leader === "") this.#heardAt = undefined;
      else if (beat !== this.#beat || this.#heardAt === undefined) this.#heardAt = clock.monotonic();
      this.#beat = beat;
    } catch (error) {
      log.warn("orders.unknown", { reason: reasonOf(error) });
    }
  }

  /** For how long no scaler was heard, seconds; 0 where none is to be. */
  silentS(): number {
    return this.#heardAt === undefined ? 0 : (this.#tools.clock.monotonic() - this.#heardAt) / 1000;
  }
}
