import type { Clock } from "../../base/clock.ts";
import { reasonOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Store, StoredRecord } from "../../cloud/ports/store.ts";
import { NOBODY, parseRecord, RECORD, recordText, type ScalerRecord } from "./record.ts";

/** In parts of the period: how often the others look … */
export const LOOK = 1 / 4;
/** … and how often the leader writes, whether or not it has something to say. */
export const RENEW = 1 / 2;
/** A record that did not change for this long has no leader any more. With two looks it makes two periods … */
const SILENT = 1.5;
/** … and who could not write for this long does nothing more: sooner, by every clock that counts seconds. */
const GOOD_FOR = 1.25;

export interface LeadershipTools {
  store: Pick<Store, "readRecord" | "swapRecord">;
  clock: Pick<Clock, "monotonic">;
  log: Log;
}

/**
 * Which of the scalers is in charge:
 *
 *   following ──record unchanged for 1.5 periods, or left in order; swap won──▶ leading
 *   leading ──swap lost, or resign()──▶ following
 *   leading ──no write for 1.25 periods──▶ leading, and must not act until a write succeeds
 *
 * Nobody's clock is compared with another's: each one measures on its own, monotonic clock how long the record stayed
 * the same. A swap succeeds only for who has seen the newest record, so that nobody acts on orders of the past.
 */
export class Leadership {
  readonly #tools: LeadershipTools;
  readonly #me: string;
  readonly #periodMs: number;
  /** The newest record we know; while we lead, what ours shall be. */
  record: ScalerRecord = NOBODY;
  /** What the store surely has of ours: only what stands in it may be done. */
  published: ScalerRecord = NOBODY;
  #version: string | undefined;
  #leading = false;
  #goodUntil = -Infinity;
  /** Since when the record is what it is, as far as we saw. */
  #changedAt: number | undefined;
  /** Calls of the store, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @param me unique: a process that starts again is another one */
  constructor(tools: LeadershipTools, me: string, periodS: number) {
    this.#tools = tools;
    this.#me = me;
    this.#periodMs = periodS * 1000;
  }

  get leading(): boolean {
    return this.#leading;
  }

  /** False as soon as somebody else may be in charge. Ask before every outside effect. */
  get mayAct(): boolean {
    return this.#leading && this.#tools.clock.monotonic() < this.#goodUntil;
  }

  /** For who follows: reads the record, and takes over when nobody leads. Never rejects. */
  look(): Promise<void> {
    return this.#inTurn(() => this.#look());
  }

  async #look(): Promise<void> {
    const { store, clock, log } = this.#tools;
    if (this.#leading) return;
    try {
      const found = await store.readRecord(RECORD);
      const now = clock.monotonic();
      const isNew = this.#changedAt === undefined || found?.version !== this.#version;
      this.#version = found?.version;
      this.record = found === undefined ? NOBODY : parseRecord(found.text);
      if (isNew) this.#changedAt = now;
      const periodMs = Math.max(this.#periodMs, this.record.periodS * 1000);
      const silentMs = now - (this.#changedAt ?? now);
      if (this.record.leader !== "" && silentMs < SILENT * periodMs) return;
      await this.#takeOver();
    } catch (error) {
      log.warn("scaler.record-unreachable", { reason: reasonOf(error) });
    }
  }

  async #takeOver(): Promise<void> {
    const { clock, log } = this.#tools;
    const { leader: before, epoch, lineage } = this.record;
    const sentAt = clock.monotonic();
    const record = this.#next({
      epoch: epoch + 1,
      leader: this.#me,
      lineage: lineage === "" ? this.#me : lineage,
      periodS: this.#periodMs / 1000,
    });
    const version = await this.#swap(record);
    if (version === undefined) return;
    this.record = record;
    this.#accept(record, version, sentAt);
    log.info("scaler.leads", { epoch: record.epoch, before });
  }

  /** Changes what the next write says. */
  revise(change: Partial<Pick<ScalerRecord, "cordons" | "intents" | "sentence">>): void {
    if (this.#leading) this.record = { ...this.record, ...change };
  }

  /**
   * Writes the record, which also renews the lease. False: nothing may be done, be it that somebody else leads (`leading`
   * is false then), be it that the store gave no answer; what was to be said is said with the next try. Never rejects.
   */
  write(): Promise<boolean> {
    return this.#inTurn(async () => {
      if (!this.#leading) return false;
      this.record = this.#next({});
      try {
        return await this.#publish(this.record);
      } catch (error) {
        this.#tools.log.warn("scaler.not-renewed", { reason: reasonOf(error) });
        return false;
      }
    });
  }

  async #publish(record: ScalerRecord): Promise<boolean> {
    const { store, clock, log } = this.#tools;
    const sentAt = clock.monotonic();
    const version = await this.#swap(record);
    if (version !== undefined) return this.#accept(record, version, sentAt);
    // A write of ours whose answer was lost may have come in between; nobody else's can under our epoch.
    const found = await store.readRecord(RECORD);
    if (this.#isOurs(found)) {
      this.#version = found?.version;
      const again = clock.monotonic();
      const second = await this.#swap(record);
      if (second !== undefined) return this.#accept(record, second, again);
    }
    this.#leading = false;
    this.#changedAt = undefined;
    log.warn("scaler.fenced-out", { epoch: record.epoch });
    return false;
  }

  /** Leaves the lead to whoever looks next. Never rejects. */
  resign(): Promise<void> {
    return this.#inTurn(() => this.#resign());
  }

  async #resign(): Promise<void> {
    if (!this.#leading) return;
    this.record = this.#next({ leader: "" });
    try {
      await this.#swap(this.record);
    } catch (error) {
      this.#tools.log.warn("scaler.not-resigned", { reason: reasonOf(error) });
    }
    this.#leading = false;
  }

  #next(change: Partial<ScalerRecord>): ScalerRecord {
    return { ...this.record, ...change, beat: this.record.beat + 1 };
  }

  #swap(record: ScalerRecord): Promise<string | undefined> {
    return this.#tools.store.swapRecord(RECORD, recordText(record), this.#version);
  }

  #accept(record: ScalerRecord, version: string, sentAt: number): true {
    this.published = record;
    this.#version = version;
    this.#leading = true;
    this.#goodUntil = sentAt + GOOD_FOR * this.#periodMs;
    return true;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined); // its caller hears of it
    return turn;
  }

  #isOurs(found: StoredRecord | undefined): boolean {
    if (found === undefined) return false;
    const { leader, epoch } = parseRecord(found.text);
    return leader === this.#me && epoch === this.record.epoch;
  }
}
