import type { InstanceView } from "../snapshot.ts";
import { slotsOf, type Machine } from "./machines.ts";
import type { Ledgers } from "./pool-ledger.ts";
import type { Report, Reports } from "./reports.ts";

/** An order as the leader remembers it. */
export interface Order {
  number: string;
  issuedAtS: number;
  /** Since when agents can read it; undefined until it is written. */
  publishedAtS?: number;
}

export interface Knowledge {
  nowS: number;
  periodS: number;
  reports: Reports;
  ledgers: Ledgers;
  orders: ReadonlyMap<string, Order>;
  /** Machines that are being ended. */
  ending: ReadonlySet<string>;
  /** Seconds within which a machine must have come up. */
  bootLimitS: number;
}

/** A machine that was ready and whose agents have all left in order is of no use any more. */
const ROWLESS_S = 120;
/** Agents that write no row any more may still work: this long they are believed to. */
const SILENT_S = 900;

/** What the policy gets to see of one machine. */
export function instanceView(machine: Machine, knowledge: Knowledge): InstanceView {
  const { nowS, reports, orders, ending } = knowledge;
  const { id, pool, sinceS, readyAtS } = machine;
  const fresh = reports.freshOf(id, nowS);
  const order = orders.get(id);
  const busy = fresh.reduce((sum, it) => sum + it.running + it.waiting, 0);
  const isHeld = fresh.some((it) => it.holding > 0);
  const slots = slotsOf(machine, reports, knowledge.ledgers, nowS);
  const held = Math.min(slots, Math.max(busy, isHeld ? 1 : 0));
  // Until its agent has confirmed the order, a cordoned machine may be working: then it is not to be ended.
  const inFlight = order === undefined ? held : isConfirmed(machine, knowledge) ? 0 : Math.max(1, held);
  const view: InstanceView = {
    id,
    pool,
    state: order !== undefined ? "cordoned" : readyAtS === undefined ? "booting" : "ready",
    // The provider's date counts for hours that are paid; for a boot, when we launched it.
    launchedAtS: readyAtS === undefined ? sinceS : Math.min(sinceS, machine.launchedAtS ?? sinceS),
    slots,
    inFlight,
    ...(readyAtS === undefined ? {} : { readyAtS }),
    ...(order === undefined ? {} : { cordonedAtS: order.issuedAtS }),
    ...(inFlight > 0 || fresh.length === 0 ? {} : { idleSinceS: idleSince(fresh) }),
  };
  // To the policy these are lost: they are paid for, and no help; it leaves them alone.
  const isLost =
    ending.has(id) || machine.isNoticed || isDoomed(machine, knowledge) || isLeaving(machine, fresh);
  return isLost ? { ...view, noticeAtS: nowS } : view;
}

/** Since when none of its agents has a job, by our clock. */
function idleSince(fresh: readonly Report[]): number {
  return Math.max(...fresh.map(({ changedAtS, idleS }) => changedAtS - idleS));
}

/** Its agents say themselves that they leave, or say nothing any more. */
function isLeaving({ readyAtS }: Machine, fresh: readonly Report[]): boolean {
  return readyAtS !== undefined && !fresh.some(({ state }) => state === "working");
}

/**
 * True when the machine surely works on nothing and will not begin: each of its agents heeds this order, holds no message
 * and asks for none. An agent that has not come up yet reads its orders before it asks for messages.
 */
export function isConfirmed(
  { id, readyAtS }: Machine,
  { nowS, periodS, reports, orders }: Knowledge,
): boolean {
  const order = orders.get(id);
  if (order === undefined) return false;
  const fresh = reports.freshOf(id, nowS);
  if (fresh.length === 0) return readyAtS === undefined && isKnown(order, nowS, periodS);
  return fresh.every(({ cordon, holding, polls }) => cordon === order.number && holding === 0 && polls === 0);
}

/** It was there to be read well before the rows were that we know. */
function isKnown({ publishedAtS }: Order, nowS: number, periodS: number): boolean {
  return publishedAtS !== undefined && nowS - publishedAtS >= periodS / 2;
}

/** A machine that never came up, or has been silent for too long: it is ended and replaced. */
export function isDoomed(machine: Machine, { nowS, reports, bootLimitS }: Knowledge): boolean {
  const { id, sinceS, readyAtS, rowlessSinceS } = machine;
  if (readyAtS === undefined) return nowS - sinceS > bootLimitS;
  if (rowlessSinceS !== undefined) return nowS - rowlessSinceS > ROWLESS_S;
  return reports.of(id).every(({ changedAtS }) => nowS - changedAtS > SILENT_S);
}

/** A doomed machine may be ended when it surely does no work, or when nothing can be heard of it anyway. */
export function mayEndDoomed(machine: Machine, knowledge: Knowledge): boolean {
  const { nowS, periodS, orders, reports } = knowledge;
  const order = orders.get(machine.id);
  if (order === undefined || !isKnown(order, nowS, periodS)) return false;
  return isConfirmed(machine, knowledge) || reports.freshOf(machine.id, nowS).length === 0;
}
