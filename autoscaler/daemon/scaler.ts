import type { AutoscalerConfig } from "../../base/config/config.ts";
import { type Clock } from "../../base/clock.ts";
import { reasonOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Compute } from "../../cloud/ports/compute.ts";
import type { Queue } from "../../cloud/ports/queue.ts";
import type { Store } from "../../cloud/ports/store.ts";
import type { DecisionLine } from "./decision-log.ts";
import { Hands } from "./hands.ts";
import { Leadership, LOOK, RENEW } from "./leadership.ts";
import { NOBODY, parseRecord, RECORD } from "./record.ts";
import { Senses } from "./senses.ts";
import { Term, type Verdict } from "./term.ts";
import { settingsAt } from "./wishes.ts";

export interface ScalerTools {
  clock: Clock;
  log: Log;
  store: Store;
  compute: Compute;
  queues: { requests: Queue; deliveries: Queue };
  /** Called with each decision, before anything comes of it. Never rejects. */
  decided: (line: DecisionLine) => Promise<void>;
}

/** Everything must have been read, decided and written before the next round begins. */
const PATIENCE = 0.4;
const LEAST_PATIENCE_MS = 2_000;

/**
 * The daemon: one of its kind is in charge, looks every period, decides, writes down what it is about to do, and does it.
 *
 *   observe ─▶ decide ─▶ write (renews the lease; the fence) ─▶ log ─▶ act
 *
 * What cannot be read gets older, and the policy holds; what cannot be written is not done.
 */
export class Scaler {
  readonly #tools: ScalerTools;
  readonly #config: AutoscalerConfig;
  readonly #me: string;
  readonly #leadership: Leadership;
  readonly #senses: Senses;
  readonly #startS: number;
  #term: Term | undefined;
  #hands: Hands | undefined;

  /** @param me unique: a process that starts again is another one */
  constructor(tools: ScalerTools, config: AutoscalerConfig, me: string) {
    this.#tools = tools;
    this.#config = config;
    this.#me = me;
    this.#leadership = new Leadership(tools, me, config.period_s);
    const patienceMs = Math.max(LEAST_PATIENCE_MS, PATIENCE * config.period_s * 1000);
    this.#senses = new Senses(tools, () => this.#nowS(), patienceMs);
    this.#startS = (tools.clock.now() - tools.clock.monotonic()) / 1000;
  }

  get leading(): boolean {
    return this.#leadership.leading;
  }

  /** Until the signal aborts; then the lead is given up and what is under way is waited for. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const periodMs = this.#config.period_s * 1000;
    const { clock } = this.#tools;
    const sleep = (ms: number) => clock.sleep(ms, signal).catch(() => undefined);
    const keepLease = async () => {
      while (!signal.aborted) {
        if (this.leading) await this.#leadership.write();
        else await this.#leadership.look();
        await sleep((this.leading ? RENEW : LOOK) * periodMs);
      }
    };
    const rounds = async () => {
      while (!signal.aborted) {
        const began = clock.monotonic();
        if (this.leading) await this.round();
        const restMs = this.leading ? periodMs - (clock.monotonic() - began) : LOOK * periodMs;
        await sleep(Math.max(LOOK * periodMs, restMs));
      }
    };
    await Promise.all([keepLease(), rounds()]);
    await this.#hands?.rest();
    await this.#leadership.resign();
  }

  /** Becomes the leader if nobody is, makes one round and leaves. False when somebody else leads. */
  async once(signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#tools;
    const periodMs = this.#config.period_s * 1000;
    for (let waitedMs = 0; !this.leading && waitedMs <= 2 * periodMs; waitedMs += LOOK * periodMs) {
      if (waitedMs > 0) await clock.sleep(LOOK * periodMs, signal);
      await this.#leadership.look();
    }
    if (!this.leading) return false;
    await this.round();
    await this.#hands?.rest();
    await this.#leadership.resign();
    return true;
  }

  /** One round of the leader. Never rejects. */
  async round(): Promise<void> {
    const { clock, log } = this.#tools;
    const leadership = this.#leadership;
    const term = this.#inOffice();
    // Who cannot write does nothing, so there is nothing to decide either.
    if (!leadership.mayAct && !(await leadership.write())) {
      log.warn("scaler.holds", { reason: "the record in the store cannot be written" });
      return;
    }
    term.observe(await this.#senses.read(), this.#nowS());
    if (!leadership.leading) return;
    const verdict = term.decide(settingsAt(this.#config, clock.now()), this.#nowS());
    if (verdict === undefined) log.warn("scaler.holds", { reason: "the fleet could not be read yet" });
    const sentence = verdict === undefined ? leadership.record.sentence : saying(verdict);
    const { cordons } = term;
    leadership.revise({ cordons, intents: term.intents, sentence });
    const written = await leadership.write();
    if (written) term.written(leadership.published.cordons, this.#nowS());
    if (verdict !== undefined) await this.#tell(verdict, term.epoch, written);
    if (!written) return;
    const published = new Set(leadership.published.intents);
    this.#hands?.perform(term.intents.filter((it) => published.has(it)));
    await this.#scrub(term);
  }

  /** Decides and says what it would do, with what the record says now. Nothing is written, nobody is told. */
  async rehearse(): Promise<void> {
    const found = await this.#tools.store.readRecord(RECORD);
    const record = found === undefined ? NOBODY : parseRecord(found.text);
    const term = (this.#term ??= new Term(this.#config, record, this.#nowS()));
    term.follow(record, this.#nowS());
    term.observe(await this.#senses.read(), this.#nowS());
    const verdict = term.decide(settingsAt(this.#config, this.#tools.clock.now()), this.#nowS());
    if (verdict !== undefined) await this.#tell(verdict, record.epoch, false);
  }

  #inOffice(): Term {
    const { record } = this.#leadership;
    if (this.#term?.epoch === record.epoch) return this.#term;
    const term = new Term(this.#config, record, this.#nowS());
    const { compute, log } = this.#tools;
    this.#hands = new Hands({
      compute,
      log,
      ledgers: term.ledgers,
      mayAct: () => this.#leadership.mayAct && this.#leadership.record.epoch === term.epoch,
      onLaunched: (intent, result) => {
        term.launched(intent, result, this.#nowS());
        if (this.#term === term) this.#leadership.revise({ intents: term.intents });
      },
    });
    this.#term = term;
    return term;
  }

  async #tell(verdict: Verdict, epoch: number, isOrdered: boolean): Promise<void> {
    const { snapshot, settings, state, decision, ordered, notes, tick } = verdict;
    await this.#tools.decided({
      format: 1,
      time: new Date(this.#tools.clock.now()).toISOString(),
      leader: this.#me,
      epoch,
      tick,
      snapshot,
      settings,
      state,
      actions: decision.actions,
      sentence: decision.sentence,
      ordered: isOrdered ? ordered : [],
      notes,
    });
  }

  async #scrub(term: Term): Promise<void> {
    const { store, log } = this.#tools;
    for (const agent of term.deadRows(this.#nowS())) {
      if (!this.#leadership.mayAct) return;
      try {
        await store.deleteStatus(agent);
        log.info("scaler.row-scrubbed", { agent });
      } catch (error) {
        log.warn("scaler.row-left", { agent, reason: reasonOf(error) });
      }
    }
  }

  /** Seconds since the epoch on a clock that never jumps: the wall clock as it was at the start, and what passed since. */
  #nowS(): number {
    return this.#startS + this.#tools.clock.monotonic() / 1000;
  }
}

const saying = ({ decision, notes }: Verdict): string => [decision.sentence, ...notes].join("; ");
