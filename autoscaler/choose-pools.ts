import type { InstanceView, PoolView, Snapshot } from "./snapshot.ts";
import type { PoolMemory, PolicyState } from "./state.ts";

const HOUR_S = 3600;
/** What is learnt about a pool fades over some hours: markets change with the time of day. */
const MEMORY_S = 6 * HOUR_S;
/** One refusal blocks a pool this long, each further one in a row twice as long. */
const FIRST_BLOCK_S = 60;
const LONGEST_BLOCK_S = 900;
/** A pool is imagined to lose an instance in this time, until it has shown otherwise. */
const PRIOR_LIFE_S = 12 * HOUR_S;
/** The work an instance should get done before it is lost, for judging how much its loss matters. */
const USEFUL_S = HOUR_S;

/** What each pool has done since the last decision, added to what was known of it. */
export function learnPools(
  { atS, pools, instances }: Snapshot,
  state: PolicyState,
  lastAtS: number,
): PolicyState["pools"] {
  const held = countByPool(instances);
  const passedS = Math.max(0, atS - lastAtS);
  const keep = Math.exp(-passedS / MEMORY_S);
  return Object.fromEntries(
    pools.map((pool) => [
      pool.name,
      learnPool(pool, state.pools[pool.name], (held.get(pool.name) ?? 0) * passedS, keep, atS),
    ]),
  );
}

function learnPool(
  pool: PoolView,
  before: PoolMemory | undefined,
  aliveS: number,
  keep: number,
  atS: number,
): PoolMemory {
  const old = before ?? {
    launched: 0,
    refused: 0,
    reclaimed: 0,
    aliveS: 0,
    asks: 0,
    refusals: 0,
    losses: 0,
    streak: 0,
  };
  const asked = pool.launched - old.launched;
  const refused = pool.refused - old.refused;
  const streak = refused > 0 ? old.streak + 1 : asked > 0 ? 0 : old.streak;
  const blockS = Math.min(LONGEST_BLOCK_S, FIRST_BLOCK_S * 2 ** Math.min(10, streak - 1));
  const blockedUntilS = refused > 0 ? atS + blockS : asked > 0 ? undefined : old.blockedUntilS;
  return {
    launched: pool.launched,
    refused: pool.refused,
    reclaimed: pool.reclaimed,
    streak,
    aliveS: old.aliveS * keep + aliveS,
    asks: old.asks * keep + asked,
    refusals: old.refusals * keep + refused,
    losses: old.losses * keep + pool.reclaimed - old.reclaimed,
    ...(blockedUntilS === undefined ? {} : { blockedUntilS }),
  };
}

/** Dollars for an hour of useful work: the price over the chance to get an instance and to keep it long enough. */
export function scoreOf(pool: PoolView, memory: PoolMemory | undefined): number {
  const lossesPerS = ((memory?.losses ?? 0) + 1) / ((memory?.aliveS ?? 0) + PRIOR_LIFE_S);
  const survival = pool.market === "spot" ? Math.exp(-lossesPerS * USEFUL_S) : 1;
  const success = ((memory?.asks ?? 0) - (memory?.refusals ?? 0) + 1) / ((memory?.asks ?? 0) + 1);
  return pool.pricePerHour / (survival * success);
}

export interface Launch {
  pool: string;
  count: number;
}

/**
 * Divides launches over the pools. Best score first, but no zone gets more than its share of what the fleet will have,
 * since a zone is lost as a whole. A spot pool that refused is left alone for a while, longer each time, then asked
 * for one instance; when no spot pool may be asked, on-demand fills the gap.
 */
export function choosePools(count: number, snapshot: Snapshot, memory: PolicyState["pools"]): Launch[] {
  const { pools, atS } = snapshot;
  const open = pools
    .filter(({ name, market }) => market === "on-demand" || (memory[name]?.blockedUntilS ?? -Infinity) <= atS)
    .toSorted((left, right) => scoreOf(left, memory[left.name]) - scoreOf(right, memory[right.name]));
  const spot = open.filter(({ market }) => market === "spot");
  const fallback = open.find(({ market }) => market === "on-demand") ?? open[0];
  if (spot.length === 0) return fallback === undefined ? [] : [{ pool: fallback.name, count }];
  const held = countByPool(snapshot.instances);
  const total = spot.reduce((sum, { name }) => sum + (held.get(name) ?? 0), count);
  const most = Math.ceil(total / Math.min(3, spot.length));
  const launches: Launch[] = [];
  let left = count;
  for (const { name } of spot) {
    // After a refusal one instance shows whether there is room again.
    const room = (memory[name]?.streak ?? 0) > 0 ? 1 : Math.max(0, most - (held.get(name) ?? 0));
    const share = Math.min(left, room);
    if (share > 0) launches.push({ pool: name, count: share });
    left -= share;
  }
  if (left > 0 && fallback !== undefined) launches.push({ pool: fallback.name, count: left });
  return launches;
}

/** Instances per pool, those that are being taken back left out. */
function countByPool(instances: readonly InstanceView[]): Map<string, number> {
  const counts = new Map<string, number>();
  // Neighbours are mostly of one pool, and a map is slow for ten thousand of them every ten seconds.
  let [run, of] = [0, ""];
  for (const { pool, noticeAtS } of instances) {
    if (noticeAtS !== undefined) continue;
    if (pool !== of) {
      counts.set(of, (counts.get(of) ?? 0) + run);
      [run, of] = [0, pool];
    }
    run++;
  }
  return counts.set(of, (counts.get(of) ?? 0) + run);
}
