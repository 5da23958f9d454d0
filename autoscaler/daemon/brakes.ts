import type { Action, Snapshot } from "../snapshot.ts";
import type { Ledgers } from "./pool-ledger.ts";

const MINUTE_S = 60;

export interface Braked {
  actions: Action[];
  /** What held launches back, in words; empty when nothing did. */
  held: string[];
}

/**
 * The last word on launches, whatever the policy asks for: the maximum, the launches of a minute, and the pools whose
 * instances do not come up. What is cut away is asked for again by the next decision, if it is still needed.
 */
export class Brakes {
  readonly #perMinute: number;
  #recent: { atS: number; count: number }[] = [];

  /** @param perMinute 0: no limit */
  constructor(perMinute: number) {
    this.#perMinute = perMinute === 0 ? Infinity : perMinute;
  }

  apply(actions: readonly Action[], snapshot: Snapshot, maxInstances: number, ledgers: Ledgers): Braked {
    const { atS, instances } = snapshot;
    this.#recent = this.#recent.filter((it) => it.atS > atS - MINUTE_S);
    let room = maxInstances - instances.length;
    let rate = this.#perMinute - this.#recent.reduce((sum, { count }) => sum + count, 0);
    const held: string[] = [];
    const kept: Action[] = [];
    for (const action of together(actions)) {
      if (action.kind !== "launch") {
        kept.push(action);
        continue;
      }
      const { pool, count } = action;
      const booting = instances.filter((it) => it.pool === pool && it.state === "booting").length;
      const open = ledgers.get(pool)?.room(atS, booting) ?? 0;
      const granted = Math.max(0, Math.min(count, room, rate, open));
      if (granted < count) {
        held.push(`${count - granted} in ${pool} held back by ${nameOf({ open, rate, room }, granted)}`);
      }
      if (granted === 0) continue;
      kept.push({ kind: "launch", pool, count: granted });
      this.#recent.push({ atS, count: granted });
      [room, rate] = [room - granted, rate - granted];
    }
    return { actions: kept, held };
  }
}

/** One launch for each pool: its token is made of the pool's name. */
function together(actions: readonly Action[]): Action[] {
  const counts = new Map<string, number>();
  for (const action of actions) {
    if (action.kind === "launch") counts.set(action.pool, (counts.get(action.pool) ?? 0) + action.count);
  }
  const launches = [...counts].map(([pool, count]): Action => ({ kind: "launch", pool, count }));
  return [...actions.filter(({ kind }) => kind !== "launch"), ...launches];
}

function nameOf({ open, rate }: { open: number; rate: number; room: number }, granted: number): string {
  if (open <= granted) return "the pool's circuit breaker";
  return rate <= granted ? "the launch rate" : "the maximum";
}
