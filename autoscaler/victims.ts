import type { Settings } from "./policy.ts";
import type { InstanceView, PoolView } from "./snapshot.ts";

const HOUR_S = 3600;
/** Draining and stopping must be over before the next hour begins. */
const NEAR_END_S = 300;

/**
 * Which ready instances rest: the dearest first, then the emptiest, since what they hold must end first. Where an hour is
 * paid anyway, only those near its end.
 */
export function chooseResting(
  ready: readonly InstanceView[],
  howMany: number,
  pools: readonly PoolView[],
  billing: Settings["billing"],
  atS: number,
): string[] {
  if (howMany <= 0) return [];
  const price = new Map(pools.map(({ name, pricePerHour }) => [name, pricePerHour]));
  // Buckets instead of a sort: thousands of instances are judged every few seconds.
  const buckets = new Map<number, string[][]>();
  for (const { id, pool, inFlight, launchedAtS } of ready) {
    if (billing === "hourly" && (atS - launchedAtS) % HOUR_S < HOUR_S - NEAR_END_S) continue;
    const cost = price.get(pool) ?? 0;
    const byLoad = buckets.get(cost) ?? [];
    (byLoad[inFlight] ??= []).push(id);
    buckets.set(cost, byLoad);
  }
  return [...buckets]
    .toSorted(([left], [right]) => right - left)
    .flatMap(([, byLoad]) => byLoad.flat())
    .slice(0, howMany);
}

/** Those that have booted for the shortest time: the others will be up before them. */
export const youngest = (booting: readonly InstanceView[], howMany: number): string[] =>
  booting
    .toSorted((left, right) => right.launchedAtS - left.launchedAtS)
    .slice(0, Math.max(0, howMany))
    .map(({ id }) => id);
