import type { InstanceView, PoolView, Snapshot } from "../../../autoscaler/snapshot.ts";
import type { Settings } from "../../../autoscaler/policy.ts";

export const settings: Settings = {
  targetWaitS: 300,
  targetShare: 0.995,
  maxInstances: 100,
  minInstances: 0,
  billing: "per-second",
};

export const onDemand: PoolView = {
  name: "on-demand",
  market: "on-demand",
  region: "home",
  zone: "home-a",
  slots: 4,
  pricePerHour: 0.1,
  launched: 0,
  refused: 0,
  reclaimed: 0,
};

export function instance(id: string, atS: number, more: Partial<InstanceView> = {}): InstanceView {
  const known = {
    id,
    pool: "on-demand",
    state: "ready",
    launchedAtS: atS - 1000,
    slots: 4,
    inFlight: 0,
  } as const;
  return { ...known, ...more };
}

export const instances = (count: number, atS: number, more: Partial<InstanceView> = {}): InstanceView[] =>
  Array.from({ length: count }, (_, at) => instance(`i-${more.state ?? "ready"}-${at}`, atS, more));

interface Facts {
  atS?: number;
  waiting?: number;
  inFlight?: number;
  arrived?: number;
  meanS?: number;
  instances?: InstanceView[];
  pools?: PoolView[];
}

/** A snapshot of a fleet with one service, read just now. */
export function snapshot(facts: Facts): Snapshot {
  const { atS = 1000, waiting = 0, inFlight = 0, meanS = 60, pools = [onDemand] } = facts;
  const { arrived = waiting + inFlight, instances: list = [] } = facts;
  const serviceS = { samples: 100, meanS, p10S: meanS, p50S: meanS, p90S: meanS, p99S: meanS };
  return {
    atS,
    queue: { readAtS: atS, visible: waiting, inFlight, delayed: 0, asleep: 0 },
    services: [{ name: "jobs", arrived, finished: Math.max(1, arrived - waiting - inFlight), serviceS }],
    instances: list,
    instancesReadAtS: atS,
    pools,
  };
}

/** The same scene at any time: facts that may depend on it. */
export const scene =
  (facts: (atS: number) => Facts) =>
  (atS: number): Snapshot =>
    snapshot({ atS, ...facts(atS) });
