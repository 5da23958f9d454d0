import type { ComputeInstance } from "../../cloud/ports/compute.ts";
import type { Ledgers } from "./pool-ledger.ts";
import type { Intent } from "./record.ts";
import { isFresh, type Reports } from "./reports.ts";

/** A machine that counts: the provider bills it, or is about to. */
export interface Machine {
  id: string;
  pool: string;
  market: "on-demand" | "spot";
  /** When we launched it, or first saw it: by our clock, so that a boot is timed by one clock. */
  sinceS: number;
  /** By the provider's clock, epoch seconds; undefined until it is listed. */
  launchedAtS: number | undefined;
  /** We launched it and saw it come up: the time it took says something. */
  isOurs: boolean;
  listedAtS: number | undefined;
  readyAtS: number | undefined;
  /** Since when no agent of it has a row, once it was ready. */
  rowlessSinceS: number | undefined;
  /** Its reclaim was announced, and counted. */
  isNoticed: boolean;
}

/** The provider's list is eventually consistent: a launch may be missing from it for so long, or a machine once. */
const UNLISTED_S = 120;
/** Ended machines that are remembered: many more than the provider lists in the hour for which it does. */
const MOST_ENDED = 50_000;
const ENDED: ReadonlySet<ComputeInstance["state"]> = new Set(["shutting-down", "terminated"]);

/** The machines of the fleet, as far as the provider's list, our own launches and the agents' rows tell. */
export class Machines {
  readonly #ledgers: Ledgers;
  readonly #all = new Map<string, Machine>();
  /** Machines that ended; a list that is behind does not bring them back. */
  readonly #ended = new Set<string>();

  constructor(ledgers: Ledgers) {
    this.#ledgers = ledgers;
  }

  get all(): Machine[] {
    return [...this.#all.values()];
  }

  get(id: string): Machine | undefined {
    return this.#all.get(id);
  }

  /** True for one that was there and is no more. */
  hasEnded(id: string): boolean {
    return this.#ended.has(id);
  }

  /** The provider has granted these. @param isOurs false: to a predecessor of ours, some time ago */
  launched(ids: readonly string[], pool: string, atS: number, isOurs = true): void {
    for (const id of ids) {
      if (!this.#all.has(id) && !this.#ended.has(id)) this.#add({ id, pool, sinceS: atS, isOurs });
    }
  }

  /** @param ending machines that we end: their end is nobody's failure */
  listed(instances: readonly ComputeInstance[], ending: ReadonlySet<string>, nowS: number): void {
    for (const { id, pool, market, state, launchedAt, reason = "" } of instances) {
      if (ENDED.has(state)) {
        const machine = this.#all.get(id);
        if (machine !== undefined) this.#remove(machine, ending.has(id), nowS, /spot/i.test(reason));
        else this.#end(id);
      } else if (state === "pending" || state === "running") {
        if (this.#ended.has(id)) continue;
        const machine = this.#all.get(id) ?? this.#add({ id, pool, sinceS: nowS, isOurs: false });
        Object.assign(machine, { pool, market, listedAtS: nowS, launchedAtS: launchedAt / 1000 });
      }
    }
    for (const machine of this.all) {
      if (nowS - (machine.listedAtS ?? machine.sinceS) > UNLISTED_S) {
        this.#remove(machine, ending.has(machine.id), nowS, false);
      }
    }
  }

  /** What the rows say of who came up, who is taken back, and who has gone quiet. */
  heard(reports: Reports, nowS: number): void {
    for (const machine of this.all) {
      const fresh = reports.freshOf(machine.id, nowS);
      if (fresh.length > 0 && machine.readyAtS === undefined)
        this.#cameUp(machine, fresh[0]?.slots ?? 0, nowS);
      if (fresh.some((it) => it.noticed)) this.#noticed(machine, nowS);
      const hasRow = reports.of(machine.id).length > 0;
      machine.rowlessSinceS =
        hasRow || machine.readyAtS === undefined ? undefined : (machine.rowlessSinceS ?? nowS);
    }
  }

  /** Machines asked for whose names are not known yet, one for each. */
  static expected(intents: readonly Intent[], instances: readonly ComputeInstance[]): Map<string, number> {
    const counts = new Map<string, number>();
    for (const intent of intents) {
      if (intent.kind !== "launch" || intent.ids !== undefined) continue;
      const seen = instances.filter(({ token }) => token === intent.token).length;
      if (intent.count > seen) counts.set(intent.token, intent.count - seen);
    }
    return counts;
  }

  #add(given: Pick<Machine, "id" | "pool" | "sinceS" | "isOurs">): Machine {
    const market = this.#ledgers.get(given.pool)?.config.market ?? "on-demand";
    const machine: Machine = {
      ...given,
      market,
      launchedAtS: undefined,
      listedAtS: undefined,
      readyAtS: undefined,
      rowlessSinceS: undefined,
      isNoticed: false,
    };
    this.#all.set(machine.id, machine);
    return machine;
  }

  #cameUp(machine: Machine, slots: number, nowS: number): void {
    machine.readyAtS = nowS;
    if (machine.isOurs) this.#ledgers.get(machine.pool)?.cameUp(nowS - machine.sinceS, slots);
  }

  #noticed(machine: Machine, nowS: number): void {
    if (machine.isNoticed) return;
    machine.isNoticed = true;
    this.#ledgers.get(machine.pool)?.takenBack(nowS);
  }

  #end(id: string): void {
    this.#ended.delete(id);
    this.#ended.add(id);
    for (const oldest of this.#ended) {
      if (this.#ended.size <= MOST_ENDED) break;
      this.#ended.delete(oldest);
    }
  }

  #remove(machine: Machine, isByUs: boolean, nowS: number, isSpot: boolean): void {
    this.#all.delete(machine.id);
    this.#end(machine.id);
    if (isSpot) this.#noticed(machine, nowS);
    else if (!isByUs && machine.readyAtS === undefined) this.#ledgers.get(machine.pool)?.failed(nowS);
  }
}

/** Slots of one machine: what its agents say, else what its pool has. */
export function slotsOf({ id, pool }: Machine, reports: Reports, ledgers: Ledgers, nowS: number): number {
  const said = reports.of(id).filter((it) => isFresh(it, nowS));
  return Math.max(...said.map(({ slots }) => slots), 0) || (ledgers.get(pool)?.slots ?? 1);
}
