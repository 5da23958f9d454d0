import { reasonOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Objects } from "../../cloud/ports/objects.ts";
import type { JobIdentity } from "../../jobs/identity.ts";
import { cancelKey, CANCELS_PREFIX } from "../../jobs/keys.ts";

/**
 * Which jobs were cancelled, as far as we know. A cancelled job has its result already, so that not knowing costs
 * nothing but the work: its commit loses.
 */
export class Cancellations {
  readonly #objects: Objects;
  readonly #log: Log;
  #keys: ReadonlySet<string> = new Set();

  constructor(objects: Objects, log: Log) {
    this.#objects = objects;
    this.#log = log;
  }

  has(job: JobIdentity): boolean {
    return this.#keys.has(cancelKey(job));
  }

  /** One listing; called every status period. Never rejects. */
  async refresh(): Promise<void> {
    try {
      this.#keys = new Set(await this.#objects.list(CANCELS_PREFIX, { max: 1_000 }));
    } catch (error) {
      this.#log.warn("cancellations.unknown", { reason: reasonOf(error) });
    }
  }

  /** The job's message is gone: its mark has done its work. Never rejects. */
  async forget(job: JobIdentity): Promise<void> {
    try {
      await this.#objects.delete(cancelKey(job));
    } catch (error) {
      this.#log.warn("cancellation.left", { job: job.id, reason: reasonOf(error) });
    }
  }
}
