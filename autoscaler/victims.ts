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
  const price = new Map(pools.map(({ name, pricePerHour }) => [name, pricePerHour]));
  const candidates =
    billing === "hourly"
      ? ready.filter(({ launchedAtS }) => (atS - launchedAtS) % HOUR_S >= HOUR_S - NEAR_END_S)
      : ready;
  return candidates
    .toSorted(
      (left, right) =>
        (price.get(right.pool) ?? 0) - (price.get(left.pool) ?? 0) ||
        left.inFlight - right.inFlight ||
        left.launchedAtS - right.launchedAtS,
    )
    .slice(0, Math.max(0, howMany))
    .map(({ id }) => id);
}
