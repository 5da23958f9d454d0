import type { Settings } from "./policy.ts";
import type { Launch } from "./choose-pools.ts";
import type { InstanceView, Snapshot } from "./snapshot.ts";

/** Older than three decisions: somebody should have read it again by now. */
const STALE_S = 30;
/** A boot that takes this many times the slowest known one will not end. */
const HOPELESS = 2;
const LEAST_HOPELESS_S = 600;

/** Why nothing may be decided now; undefined when everything was read lately. */
export function reasonToHold({ atS, queue, instancesReadAtS }: Snapshot): string | undefined {
  if (queue === undefined) return "hold: the queue could not be read";
  const queueS = atS - queue.readAtS;
  if (queueS > STALE_S) return `hold: the queue was last read ${queueS.toFixed(0)} s ago`;
  const instancesS = atS - instancesReadAtS;
  if (instancesS > STALE_S) return `hold: the instances were last listed ${instancesS.toFixed(0)} s ago`;
  return undefined;
}

/** Instances that have been booting beyond hope. */
export function hopelessBoots({ atS, pools }: Snapshot, booting: readonly InstanceView[]): string[] {
  const limits = new Map(
    pools.map(({ name, bootS }) => [name, Math.max(LEAST_HOPELESS_S, HOPELESS * (bootS?.p99S ?? 0))]),
  );
  return booting
    .filter(({ launchedAtS, pool }) => atS - launchedAtS > (limits.get(pool) ?? Infinity))
    .map(({ id }) => id);
}

export interface Allowed {
  launches: Launch[];
  /** What held launches back; undefined when nothing did. */
  limit?: string;
}

/** Cuts launches to the maximum and the budget. Every instance counts that the provider bills. */
export function withinLimits(launches: readonly Launch[], snapshot: Snapshot, settings: Settings): Allowed {
  if (launches.length === 0) return { launches: [] };
  const { instances, pools } = snapshot;
  const price = new Map(pools.map(({ name, pricePerHour }) => [name, pricePerHour]));
  let room = settings.maxInstances - instances.length;
  let budget = settings.budgetPerHour ?? Infinity;
  for (const { pool } of instances) budget -= price.get(pool) ?? 0;
  let limit: string | undefined;
  const allowed: Launch[] = [];
  for (const { pool, count } of launches) {
    const affordable = Math.floor(budget / Math.max(1e-9, price.get(pool) ?? 0) + 1e-9);
    const granted = Math.max(0, Math.min(count, room, affordable));
    if (granted < count) limit = room < affordable ? "the maximum" : "the budget";
    if (granted === 0) continue;
    allowed.push({ pool, count: granted });
    room -= granted;
    budget -= granted * (price.get(pool) ?? 0);
  }
  return limit === undefined ? { launches: allowed } : { launches: allowed, limit };
}
