import type { Clock } from "../../base/clock.ts";
import { withDeadline, withSignal } from "../../base/clock.ts";
import { DroverError, reasonOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Compute, ComputeInstance } from "../../cloud/ports/compute.ts";
import type { Queue } from "../../cloud/ports/queue.ts";
import type { StatusRow, Store } from "../../cloud/ports/store.ts";

export interface SensesTools {
  clock: Clock;
  log: Log;
  queues: { requests: Queue; deliveries: Queue };
  store: Pick<Store, "listStatus">;
  compute: Pick<Compute, "instances">;
}

/** Something that was read, and when. */
export interface Reading<T> {
  atS: number;
  value: T;
}

type Counts = { visible: number; inFlight: number; delayed: number };

/** The newest readings that were to be had; each keeps its age, for the policy to judge. */
export interface Readings {
  requests?: Reading<Counts>;
  deliveries?: Reading<Counts>;
  rows?: Reading<StatusRow[]>;
  instances?: Reading<ComputeInstance[]>;
}

/** Reads everything side by side. What does not answer in time keeps its last reading, which gets older. */
export class Senses {
  readonly #tools: SensesTools;
  readonly #nowS: () => number;
  readonly #patienceMs: number;
  #last: Readings = {};

  constructor(tools: SensesTools, nowS: () => number, patienceMs: number) {
    this.#tools = tools;
    this.#nowS = nowS;
    this.#patienceMs = patienceMs;
  }

  /** Never rejects. */
  async read(): Promise<Readings> {
    const { queues, store, compute } = this.#tools;
    const [requests, deliveries, rows, instances] = await Promise.all([
      this.#ask("requests", () => queues.requests.counts()),
      this.#ask("deliveries", () => queues.deliveries.counts()),
      this.#ask("status", () => store.listStatus()),
      this.#ask("instances", () => compute.instances()),
    ]);
    this.#last = {
      ...this.#last,
      ...(requests === undefined ? {} : { requests }),
      ...(deliveries === undefined ? {} : { deliveries }),
      ...(rows === undefined ? {} : { rows }),
      ...(instances === undefined ? {} : { instances }),
    };
    return this.#last;
  }

  async #ask<T>(what: string, read: () => Promise<T>): Promise<Reading<T> | undefined> {
    const { clock, log } = this.#tools;
    // Dated by when it was asked for: what happened since may be in it or not.
    const atS = this.#nowS();
    const late = () => new DroverError("answer-late", `no answer within ${this.#patienceMs / 1000} s`);
    try {
      const value = await withDeadline(clock, this.#patienceMs, late, (signal) => withSignal(signal, read()));
      return { atS, value };
    } catch (error) {
      log.warn("scaler.not-read", { what, reason: reasonOf(error) });
      return undefined;
    }
  }
}
