import { createHash } from "node:crypto";
import type { AutoscalerConfig } from "../../base/config/config.ts";
import type { LaunchResult } from "../../cloud/ports/compute.ts";
import { decide } from "../decide.ts";
import type { Settings } from "../policy.ts";
import type { Action, Decision, Snapshot } from "../snapshot.ts";
import { startState, type PolicyState } from "../state.ts";
import { Brakes } from "./brakes.ts";
import { isConfirmed, isDoomed, type Knowledge, mayEndDoomed, type Order } from "./instance-view.ts";
import { Machines } from "./machines.ts";
import { type Ledgers, openLedgers } from "./pool-ledger.ts";
import type { Intent, ScalerRecord } from "./record.ts";
import { isFresh, Reports, SCALING } from "./reports.ts";
import type { Readings } from "./senses.ts";
import { buildSnapshot } from "./snapshot-builder.ts";
import { WorkSeen } from "./work-seen.ts";

export interface Verdict {
  snapshot: Snapshot;
  settings: Settings;
  /** The policy's state before. */
  state: PolicyState;
  decision: Decision<PolicyState>;
  /** What is really ordered. */
  ordered: Action[];
  notes: string[];
  tick: number;
}

/** Rows of machines that nobody ever listed, such as somebody's own, are left alone for so long. */
const STRANGER_S = 3600;
const STALE_S = 30;
const SCRUB_AT_ONCE = 25;

/**
 * One scaler's time in office: what it learns, what it has ordered, what it is about to do. No effects: who calls it
 * reads the world, and does what it says once it is written down.
 */
export class Term {
  readonly ledgers: Ledgers;
  readonly reports = new Reports();
  readonly machines: Machines;
  intents: Intent[];
  readonly orders = new Map<string, Order>();
  readonly #config: AutoscalerConfig;
  readonly #record: ScalerRecord;
  readonly #work = new WorkSeen();
  readonly #brakes: Brakes;
  #state = startState();
  #readings: Readings = {};
  #tick = 0;

  /** Goes on with what the record says: its unfinished intents, and its orders, which are issued anew under our epoch. */
  constructor(config: AutoscalerConfig, record: ScalerRecord, nowS: number) {
    this.#config = config;
    this.#record = record;
    this.ledgers = openLedgers(config.pools);
    this.machines = new Machines(this.ledgers);
    this.#brakes = new Brakes(config.launches_per_minute);
    this.intents = record.intents;
    for (const it of record.intents) {
      if (it.kind === "launch") this.machines.launched(it.ids ?? [], it.pool, nowS, false);
    }
    this.#order(Object.keys(record.cordons), nowS);
  }

  get epoch(): number {
    return this.#record.epoch;
  }

  get cordons(): Record<string, string> {
    return Object.fromEntries([...this.orders].map(([id, { number }]) => [id, number]));
  }

  /** For who only watches: the orders and intents are the leader's. */
  follow({ cordons, intents }: ScalerRecord, nowS: number): void {
    this.intents = intents;
    this.orders.clear();
    for (const [id, number] of Object.entries(cordons)) {
      this.orders.set(id, { number, issuedAtS: nowS, publishedAtS: nowS });
    }
  }

  observe(readings: Readings, nowS: number): void {
    const { rows, instances } = readings;
    if (rows !== undefined && rows !== this.#readings.rows) {
      this.reports.update(rows.value, nowS);
      this.#work.update(this.reports.all);
    }
    if (instances !== undefined && instances !== this.#readings.instances) {
      this.machines.listed(instances.value, this.#ending(), nowS);
      this.#forgetDone();
    }
    if (rows !== undefined && instances !== undefined) this.machines.heard(this.reports, nowS);
    this.#readings = readings;
  }

  /** Undefined: hold, since the fleet was never seen. */
  decide(settings: Settings, nowS: number): Verdict | undefined {
    const { machines, intents, reports, ledgers, orders } = this;
    const knowledge: Knowledge = {
      nowS,
      periodS: this.#config.period_s,
      reports,
      ledgers,
      orders,
      ending: this.#ending(),
      bootLimitS: this.#config.boot_limit_s,
    };
    const snapshot = buildSnapshot({
      readings: this.#readings,
      knowledge,
      machines: machines.all,
      expected: Machines.expected(intents, this.#readings.instances?.value ?? []),
      intents,
      work: this.#work,
    });
    if (snapshot === undefined) return undefined;
    this.#tick++;
    const state = this.#state;
    const decision = decide(snapshot, settings, state);
    this.#state = decision.state;
    const { actions, held } = this.#brakes.apply(decision.actions, snapshot, settings.maxInstances, ledgers);
    const ended = this.#endDoomed(snapshot, knowledge);
    const done = actions.flatMap((action) => this.#take(action, knowledge));
    const notes = [...held, ...ended.map(({ ids }) => `${ids.join(", ")} lost, ended`)];
    return { snapshot, settings, state, decision, ordered: [...done, ...ended], notes, tick: this.#tick };
  }

  /** The store has these orders now. */
  written(cordons: Record<string, string>, nowS: number): void {
    for (const [id, order] of this.orders) {
      if (cordons[id] === order.number) order.publishedAtS ??= nowS;
    }
  }

  /** The provider has answered. */
  launched(
    intent: Extract<Intent, { kind: "launch" }>,
    { instanceIds, refusals }: LaunchResult,
    nowS: number,
  ): void {
    const { token, pool, count } = intent;
    const isLimited = refusals.some(({ capacity }) => !capacity);
    this.ledgers.get(pool)?.asked(count, instanceIds.length, nowS, isLimited);
    this.machines.launched(instanceIds, pool, nowS);
    this.intents = this.intents.flatMap((it) => {
      if (it.kind !== "launch" || it.token !== token) return [it];
      return instanceIds.length === 0 ? [] : [{ ...it, ids: instanceIds }];
    });
  }

  /** Names of rows whose machine is gone. */
  deadRows(nowS: number): string[] {
    return this.reports.all
      .filter((report) => {
        if (isFresh(report, nowS)) return false;
        if (this.machines.hasEnded(report.machine)) return true;
        return this.machines.get(report.machine) === undefined && nowS - report.changedAtS > STRANGER_S;
      })
      .slice(0, SCRUB_AT_ONCE)
      .map(({ agent }) => agent);
  }

  #take(action: Action, knowledge: Knowledge): Action[] {
    const { nowS } = knowledge;
    if (action.kind === "launch") {
      const { pool, count } = action;
      this.intents = [...this.intents, { kind: "launch", token: this.#token(pool), pool, count }];
      return [action];
    }
    const machines = action.ids.flatMap((id) => this.machines.get(id) ?? []);
    const ids = machines.map(({ id }) => id);
    if (ids.length === 0) return [];
    if (action.kind === "uncordon") for (const id of ids) this.orders.delete(id);
    if (action.kind === "cordon") this.#order(ids, nowS);
    if (action.kind !== "terminate") return [{ kind: action.kind, ids }];
    // Nothing is ended that has not confirmed that it takes no work: it is told so first.
    const confirmed = machines.filter((it) => isConfirmed(it, knowledge));
    for (const { pool, readyAtS, sinceS, isOurs } of confirmed) {
      if (isOurs && readyAtS === undefined) this.ledgers.get(pool)?.cutShort(nowS - sinceS);
    }
    const sure = confirmed.map(({ id }) => id);
    const first = ids.filter((id) => !this.orders.has(id));
    this.#order(first, nowS);
    const end = this.#end(sure);
    return first.length === 0 ? end : [...end, { kind: "cordon", ids: first }];
  }

  /** Machines that never came up, or that nobody has heard of for too long, are told to stop, then ended. */
  #endDoomed(snapshot: Snapshot, knowledge: Knowledge): Extract<Action, { kind: "terminate" }>[] {
    const { nowS, ending, reports } = knowledge;
    if (nowS - snapshot.instancesReadAtS > STALE_S) return [];
    // When nobody at all reports and work goes on all the same, it is the reports that are lost, not the machines.
    const { inFlight = 0, asleep = 0 } = snapshot.queue ?? {};
    const isBlind = inFlight > asleep && !reports.all.some((it) => it.state !== SCALING && isFresh(it, nowS));
    const doomed = this.machines.all.filter(
      (machine) =>
        !ending.has(machine.id) &&
        isDoomed(machine, knowledge) &&
        (machine.readyAtS === undefined || !isBlind),
    );
    const sure = doomed.filter((machine) => mayEndDoomed(machine, knowledge));
    for (const { readyAtS, pool } of sure) if (readyAtS === undefined) this.ledgers.get(pool)?.failed(nowS);
    const first = doomed.filter(({ id }) => !this.orders.has(id));
    this.#order(
      first.map(({ id }) => id),
      nowS,
    );
    return this.#end(sure.map(({ id }) => id));
  }

  #end(ids: string[]): Extract<Action, { kind: "terminate" }>[] {
    if (ids.length === 0) return [];
    this.intents = [...this.intents, { kind: "terminate", ids }];
    return [{ kind: "terminate", ids }];
  }

  #order(ids: readonly string[], nowS: number): void {
    for (const id of ids) {
      this.orders.set(id, { number: `${this.epoch}.${this.#tick}`, issuedAtS: nowS });
    }
  }

  #ending(): Set<string> {
    return new Set(this.intents.flatMap((it) => (it.kind === "terminate" ? it.ids : [])));
  }

  /** What the provider's list shows need not be written down any more. */
  #forgetDone(): void {
    this.intents = this.intents.flatMap((intent): Intent[] => {
      if (intent.kind === "terminate") {
        const ids = intent.ids.filter((id) => this.machines.get(id) !== undefined);
        return ids.length === 0 ? [] : [{ kind: "terminate", ids }];
      }
      const isShown = (id: string) =>
        this.machines.hasEnded(id) || this.machines.get(id)?.listedAtS !== undefined;
      return intent.ids?.every(isShown) ? [] : [intent];
    });
    for (const id of this.orders.keys()) if (this.machines.get(id) === undefined) this.orders.delete(id);
  }

  /** The same for who repeats the launch, another one for every other launch of this or any other fleet. */
  #token(pool: string): string {
    const { epoch, lineage } = this.#record;
    const hash = createHash("sha256").update([lineage, epoch, this.#tick, pool].join("\n")).digest("hex");
    return `drover-${epoch}-${this.#tick}-${hash.slice(0, 24)}`;
  }
}
