import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CloudProcess } from "./cloud-process.ts";
import { choicesFrom, type Choices } from "./random.ts";
import { World } from "./world.ts";

export interface Plan {
  firstSeed: number;
  seeds: number;
  steps: number;
  /** Worlds that share one cloud, and so its restarts. */
  together: number;
  say: (text: string) => void;
}

export interface Report {
  seeds: number;
  steps: number;
  restarts: number;
  kills: number;
  /** Steps that a kill cut off, so that both outcomes had to be followed. */
  cutOff: number;
}

const STEPS_BETWEEN = 20;
/** Around every limit that counts: delays, timeouts, sixty seconds, five minutes, retention. */
const ADVANCES_MS = [0, 0, 1000, 5000, 30_000, 61_000, 299_000, 300_000, 700_000];

/**
 * Random operations on real clouds, with time passing, restarts and kill -9 between and under them, compared step by
 * step with the model. Throws at the first difference, with what led to it.
 */
export async function check(plan: Plan): Promise<Report> {
  const report: Report = { seeds: 0, steps: 0, restarts: 0, kills: 0, cutOff: 0 };
  for (let done = 0; done < plan.seeds; done += plan.together) {
    const count = Math.min(plan.together, plan.seeds - done);
    await checkTogether(plan, plan.firstSeed + done, count, report);
    plan.say(`${report.seeds} of ${plan.seeds} seeds, ${report.steps} operations, ${report.kills} kills`);
  }
  return report;
}

async function checkTogether(plan: Plan, firstSeed: number, count: number, report: Report): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "drover-cloud-model-"));
  const cloud = new CloudProcess(dir);
  const fate = choicesFrom(firstSeed ^ 0x5eed);
  const worlds = Array.from(
    { length: count },
    (_, n) => new World(firstSeed + n, choicesFrom(firstSeed + n)),
  );
  try {
    await cloud.start();
    await Promise.all(worlds.map((world) => world.create(cloud)));
    while (worlds.some((world) => world.steps < plan.steps)) await round(plan, cloud, worlds, fate, report);
    await Promise.all(worlds.map((world) => world.checkAll(cloud)));
  } finally {
    await cloud.end("kill");
    await rm(dir, { recursive: true, force: true });
  }
  report.seeds += count;
  for (const world of worlds) {
    report.steps += world.steps;
    report.cutOff += world.cutOff;
  }
}

async function round(
  plan: Plan,
  cloud: CloudProcess,
  worlds: readonly World[],
  fate: Choices,
  report: Report,
): Promise<void> {
  const fates = ["time", "time", "restart", "kill between", "kill under", "kill under"] as const;
  const what = fate.one(fates);
  const work = Promise.allSettled(worlds.map((world) => stepsOf(plan, cloud, world)));
  if (what === "kill under") {
    await new Promise((resolve) => setTimeout(resolve, fate.below(80)));
    await cloud.end("kill");
  }
  for (const outcome of await work) if (outcome.status === "rejected") throw outcome.reason;
  if (what === "kill between") await cloud.end("kill");
  if (what === "restart") await cloud.end("orderly");
  if (what !== "time") await cloud.start();
  if (what === "restart") report.restarts++;
  else if (what !== "time") report.kills++;
  const ms = fate.one(ADVANCES_MS);
  if (ms > 0) await cloud.advance(ms);
}

async function stepsOf(plan: Plan, cloud: CloudProcess, world: World): Promise<void> {
  for (let n = 0; n < STEPS_BETWEEN && world.steps < plan.steps && !cloud.dying; n++)
    await world.takeStep(cloud);
}
