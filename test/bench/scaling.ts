import { join } from "node:path";
import { droverPolicy } from "../../autoscaler/decide.ts";
import type { Settings } from "../../autoscaler/policy.ts";
import type { InstanceView, PoolView, Snapshot } from "../../autoscaler/snapshot.ts";
import { type Finding, percentile, round, type Row } from "./figures.ts";
import { start } from "./processes.ts";
import type { World } from "./world.ts";

const INSTANCES = 10_000;
const SLOTS = 4;
const POOLS = 10;
/** A target that jobs may wait for, and one below the boot time: a plan for each. */
const TARGETS_S = [300, 60];
const WARM_UP = 100;
/** 250 jobs a second that take 150 s: 10,000,000 of them in 11 hours, on 9,400 instances and more. */
const BIG = "--arrivals generate:steady:250 --hours 11.2 --services exponential:150 --json";

/** One decision over a large fleet, and a large fleet simulated. */
export async function measureScaling(
  { folder, env }: World,
  quick: boolean,
  say: (text: string) => void,
): Promise<Finding> {
  const decisions = quick ? 300 : 1000;
  const tookMs = TARGETS_S.flatMap((targetWaitS) => decide(targetWaitS, decisions));
  const interrupted = TARGETS_S.length * decisions - tookMs.length;
  const [p50Ms, p99Ms, maxMs] = [percentile(tookMs, 0.5), percentile(tookMs, 0.99), percentile(tookMs, 1)];
  const figures = `p50 ${round(p50Ms, 1)} ms, p99 ${round(p99Ms, 1)} ms, longest ${round(maxMs, 1)} ms`;
  say(`a decision: ${figures}`);
  const rows: Row[] = [
    { measure: "a decision over 10,000 instances", drover: figures, others: "", goal: "≤ 5 ms" },
  ];
  const data = { p50Ms: round(p50Ms), p99Ms: round(p99Ms), maxMs: round(maxMs), interrupted };
  if (quick) return { rows, data };
  const big = await simulate(folder, env);
  say(`${big.jobs} jobs on ${big.instances} instances simulated: ${big.tookS} s, ${big.peakMb} MB`);
  rows.push({
    measure: "10,000,000 jobs on 10,000 instances, simulated",
    drover: `${big.tookS} s, ${big.peakMb} MB`,
    others: "",
    goal: "≤ 60 s, ≤ 2 GB",
  });
  return { rows, data: { ...data, simulated: big } };
}

/** How often the kernel gave this processor to somebody else. */
const interruptions = () => process.resourceUsage().involuntaryContextSwitches;

/**
 * How long each decision takes while the load of a fleet goes up and down and its instances change their states, ms. One that
 * the kernel interrupted says how busy the machine is, and is left out.
 */
function decide(targetWaitS: number, decisions: number): number[] {
  const settings: Settings = {
    targetWaitS,
    targetShare: 0.995,
    maxInstances: 2 * INSTANCES,
    minInstances: 0,
    billing: "per-second",
  };
  let state = droverPolicy.start();
  let arrived = 0;
  const tookMs: number[] = [];
  for (let turn = 0; turn < WARM_UP + decisions; turn++) {
    arrived += 3600 + Math.round(800 * Math.sin(turn / 40));
    const snapshot = snapshotAt(turn, arrived);
    const before = interruptions();
    const startedAt = performance.now();
    ({ state } = droverPolicy.decide(snapshot, settings, state));
    const tookNowMs = performance.now() - startedAt;
    if (turn >= WARM_UP && interruptions() === before) tookMs.push(tookNowMs);
  }
  return tookMs;
}

function snapshotAt(turn: number, arrived: number): Snapshot {
  const atS = turn * droverPolicy.periodS;
  const visible = Math.round(20_000 * (1 + Math.sin(turn / 25)));
  const serviceS = { samples: 2000, meanS: 100, p10S: 20, p50S: 80, p90S: 220, p99S: 400 };
  return {
    atS,
    queue: { readAtS: atS, visible, inFlight: 2 * INSTANCES, delayed: 0, asleep: 0 },
    services: [{ name: "jobs", arrived, finished: Math.max(0, arrived - visible), serviceS }],
    instances: Array.from({ length: INSTANCES }, (_, number) => instanceAt(number, turn, atS)),
    instancesReadAtS: atS,
    pools: Array.from({ length: POOLS }, (_, number) => poolOf(number)),
  };
}

/** Nine in ten are ready, with none to all of their slots busy; one in twenty boots, and one in twenty rests. */
function instanceAt(number: number, turn: number, atS: number): InstanceView {
  const part = (number * 7919 + turn * 104_729) % 1000;
  const known = { id: `i-${number}`, pool: `pool-${number % POOLS}`, slots: SLOTS };
  if (part < 50) return { ...known, state: "booting", launchedAtS: atS - 5 * part, inFlight: 0 };
  const state = part < 100 ? "cordoned" : "ready";
  return { ...known, state, launchedAtS: atS - 1000 - number, inFlight: part % (SLOTS + 1) };
}

const poolOf = (number: number): PoolView => ({
  name: `pool-${number}`,
  market: number === 0 ? "on-demand" : "spot",
  region: "home",
  zone: `home-${number}`,
  slots: SLOTS,
  pricePerHour: 0.1,
  bootS: { samples: 100, meanS: 180, p10S: 84, p50S: 180, p90S: 276, p99S: 298 },
  launched: 0,
  refused: 0,
  reclaimed: 0,
});

interface Simulated {
  jobs: number;
  instances: number;
  tookS: number;
  peakMb: number;
}

/** `drover simulate` in a process of its own. */
async function simulate(folder: string, env: NodeJS.ProcessEnv): Promise<Simulated> {
  const program = join(import.meta.dirname, "big-simulation.ts");
  const simulator = start([process.execPath, program, ...BIG.split(" ")], env, folder);
  const [result, peak] = await Promise.all([simulator.line(/^\{/), simulator.line(/^peak \d+ KiB$/)]);
  const tookS = (performance.now() - simulator.startedAt) / 1000;
  const { jobs, mostInstances } = JSON.parse(result).results[0].mean;
  const peakMb = Number(peak.split(" ")[1]) / 1024;
  return { jobs, instances: mostInstances, tookS: round(tookS, 0), peakMb: round(peakMb, 0) };
}
