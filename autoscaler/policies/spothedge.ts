import type { Policy, Settings } from "../policy.ts";
import type { Action, InstanceView, PoolView, Snapshot } from "../snapshot.ts";
import { isActive, type Victims } from "./fleet-size.ts";
import { highest, rate, readingsOf, remember, type History } from "./readings.ts";

interface State {
  arrivals: History;
  /** On-demand instances wanted lately, held for one cold start. */
  fallback: History;
  /** What each spot pool had refused and lost when last looked at. */
  troubles: Record<string, number>;
  /** Pools that refused or lost an instance since they last were active. */
  preempted: string[];
}

const WINDOW_S = 300;
const SPARE = 1;
const FIRST_BOOT_S = 180;

/**
 * SpotHedge of SkyServe (Mao et al., EuroSys 2025): target + 1 spot instances, spread over the active zones, and
 * min(target, target + 1 − ready spot) on-demand ones, kept for one cold start after spot is back. A zone that refuses or
 * takes back becomes preempted; with fewer than two active zones all are active again. The target is square-root staffing,
 * stronger than SkyServe's own request rate. `beta`: 1.5 when absent.
 */
export function spotHedge(victims: Victims, { beta = 1.5 }: { beta?: number }): Policy<State> {
  return {
    name: "spothedge",
    periodS: 20,
    start: () => ({ arrivals: [], fallback: [], troubles: {}, preempted: [] }),
    decide: (snapshot, settings, before) => {
      const { arrived, meanServiceS, slots, waiting } = readingsOf(snapshot);
      const { atS, pools } = snapshot;
      const arrivals = remember(before.arrivals, atS, arrived, WINDOW_S);
      const load = rate(arrivals) * meanServiceS;
      const staffed = Math.ceil((load + beta * Math.sqrt(load)) / slots);
      const target = Math.max(settings.minInstances, staffed, waiting > 0 ? 1 : 0);
      const zones = learnZones(pools, before);
      const spot = snapshot.instances.filter((one) => isActive(one) && marketOf(one, pools) === "spot");
      const onDemand = snapshot.instances.filter(
        (one) => isActive(one) && marketOf(one, pools) === "on-demand",
      );
      const wantedSpot = target > 0 ? target + SPARE : 0;
      const readySpot = spot.filter(({ state }) => state === "ready").length;
      const bootS = pools.find(({ bootS: known }) => known !== undefined)?.bootS?.meanS ?? FIRST_BOOT_S;
      const gap = Math.max(0, Math.min(target, wantedSpot - readySpot));
      const fallback = remember(before.fallback, atS, gap, bootS);
      const actions = [
        ...endDrained(snapshot),
        ...adjustSpot(wantedSpot, spot, zones.active, snapshot, settings),
        ...adjustOnDemand(highest(fallback), onDemand, snapshot, settings, victims),
      ];
      return {
        actions,
        sentence: `target ${target}: ${spot.length} spot, ${onDemand.length} on demand, ${zones.active.length} zones active`,
        state: { arrivals, fallback, troubles: zones.troubles, preempted: zones.preempted },
      };
    },
  };
}

const marketOf = ({ pool }: InstanceView, pools: readonly PoolView[]) =>
  pools.find(({ name }) => name === pool)?.market;

function learnZones(pools: readonly PoolView[], before: State) {
  const spot = pools.filter(({ market }) => market === "spot");
  const troubles = Object.fromEntries(spot.map((pool) => [pool.name, pool.refused + pool.reclaimed]));
  const names = spot.map(({ name }) => name);
  const preempted = names.filter(
    (name) => before.preempted.includes(name) || (troubles[name] ?? 0) > (before.troubles[name] ?? 0),
  );
  const active = names.filter((name) => !preempted.includes(name));
  return active.length < 2 ? { troubles, preempted: [], active: names } : { troubles, preempted, active };
}

function endDrained({ instances }: Snapshot): Action[] {
  const ids = instances
    .filter(
      ({ state, inFlight, noticeAtS }) => state === "cordoned" && inFlight === 0 && noticeAtS === undefined,
    )
    .map(({ id }) => id);
  return ids.length > 0 ? [{ kind: "terminate", ids }] : [];
}

function adjustSpot(
  wanted: number,
  spot: readonly InstanceView[],
  active: readonly string[],
  { instances }: Snapshot,
  settings: Settings,
): Action[] {
  if (wanted < spot.length) return rest(spot, spot.length - wanted);
  const held = new Map(active.map((name) => [name, spot.filter(({ pool }) => pool === name).length]));
  const launches = new Map<string, number>();
  const room = Math.min(wanted - spot.length, settings.maxInstances - instances.length);
  for (let launched = 0; launched < room; launched++) {
    const emptiest = active.toSorted((left, right) => (held.get(left) ?? 0) - (held.get(right) ?? 0))[0];
    if (emptiest === undefined) break;
    held.set(emptiest, (held.get(emptiest) ?? 0) + 1);
    launches.set(emptiest, (launches.get(emptiest) ?? 0) + 1);
  }
  return [...launches].map(([pool, count]) => ({ kind: "launch", pool, count }));
}

function adjustOnDemand(
  wanted: number,
  held: readonly InstanceView[],
  { pools, instances }: Snapshot,
  settings: Settings,
  victims: Victims,
): Action[] {
  if (wanted < held.length) {
    return victims === "random"
      ? [{ kind: "terminate", ids: held.slice(wanted).map(({ id }) => id) }]
      : rest(held, held.length - wanted);
  }
  const pool = pools.find(({ market }) => market === "on-demand");
  const count = Math.min(wanted - held.length, settings.maxInstances - instances.length);
  return pool !== undefined && count > 0 ? [{ kind: "launch", pool: pool.name, count }] : [];
}

function rest(instances: readonly InstanceView[], howMany: number): Action[] {
  const ids = instances
    .toSorted((left, right) => left.inFlight - right.inFlight)
    .slice(0, howMany)
    .map(({ id }) => id);
  return [{ kind: "cordon", ids }];
}
