import type { Settings } from "../policy.ts";
import type { Run } from "./recorder.ts";
import type { World } from "./world.ts";

/** Providers bill a started instance for at least this long. EC2 Linux: per second, one minute at least. */
const LEAST_BILLED_S = 60;

export interface Summary {
  jobs: number;
  waitS: { mean: number; p50: number; p95: number; p99: number; max: number };
  /** Share of the jobs that started within the target wait. */
  shareInTime: number;
  instanceHours: number;
  dollars: number;
  scaleOuts: number;
  scaleIns: number;
  launches: number;
  mostInstances: number;
  killedByScaleIn: number;
  reclaims: number;
  redoneAfterReclaim: number;
  /** Share of all work that was lost with an instance and done again. */
  lostWorkShare: number;
}

export function summarise(run: Run, world: World, settings: Settings): Summary {
  const { waitS, hosts, killedByScaleIn, redoneAfterReclaim, reclaims, scaleOuts, scaleIns } = run;
  const sorted = waitS.toSorted();
  const inTime = countUpTo(sorted, settings.targetWaitS);
  let billedS = 0;
  let dollars = 0;
  for (const host of hosts) {
    const seconds = billedSeconds((host.endedAtS ?? run.endedAtS) - host.view.launchedAtS, settings.billing);
    billedS += seconds;
    dollars += (seconds / 3600) * (world.pools[host.pool]?.pricePerHour ?? 0);
  }
  const work = world.workload.serviceS.reduce((sum, service) => sum + service, 0);
  return {
    jobs: waitS.length,
    waitS: {
      mean: waitS.reduce((sum, wait) => sum + wait, 0) / Math.max(1, waitS.length),
      p50: rank(sorted, 0.5),
      p95: rank(sorted, 0.95),
      p99: rank(sorted, 0.99),
      max: sorted.at(-1) ?? 0,
    },
    shareInTime: waitS.length === 0 ? 1 : inTime / waitS.length,
    instanceHours: billedS / 3600,
    dollars,
    scaleOuts,
    scaleIns,
    launches: hosts.length,
    mostInstances: mostAtOnce(run),
    killedByScaleIn,
    reclaims,
    redoneAfterReclaim,
    lostWorkShare: work === 0 ? 0 : run.lostWorkS / work,
  };
}

function billedSeconds(aliveS: number, billing: Settings["billing"]): number {
  return billing === "hourly" ? Math.ceil(aliveS / 3600) * 3600 : Math.max(LEAST_BILLED_S, Math.ceil(aliveS));
}

function rank(sorted: Float32Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** How many of the ascending values are not above `limit`. */
function countUpTo(sorted: Float32Array, limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function mostAtOnce({ hosts, endedAtS }: Run): number {
  const changes = hosts.flatMap(({ view, endedAtS: end }) => [
    { atS: view.launchedAtS, by: 1 },
    { atS: end ?? endedAtS, by: -1 },
  ]);
  changes.sort((left, right) => left.atS - right.atS || left.by - right.by);
  let now = 0;
  let most = 0;
  for (const { by } of changes) most = Math.max(most, (now += by));
  return most;
}
