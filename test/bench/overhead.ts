import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Finding, median, round } from "./figures.ts";
import { type CpuTime, cpuTimeOf } from "./process-stats.ts";
import { breakdown } from "./profile.ts";
import { requestFor, type Service, SLOTS, type WorkerKind, type World } from "./world.ts";

/** What one round of jobs that do nothing cost. */
interface Round {
  jobsPerS: number;
  /** Milliseconds of processor time a job. */
  ownMs: number;
  childrenMs: number;
}

const NOTHING: Service = { name: "nothing", command: ["/bin/true"], input: false };
const BARE = "spawn alone";
/** Jobs before the counting starts: compilers and connections are warm then. */
const WARM = 100;

/** Throughput and processor time of jobs whose program does nothing, side by side, in alternating rounds. */
export async function measureOverhead(
  world: World,
  quick: boolean,
  say: (text: string) => void,
): Promise<Finding> {
  const jobs = quick ? 200 : 1_000;
  const rounds = quick ? 1 : 2;
  const workers = [world.drover("auto"), world.drover("none"), world.rival(10)];
  const found = new Map<string, Round[]>();
  const add = (name: string, one: Round) => {
    found.set(name, [...(found.get(name) ?? []), one]);
    say(`${name}: ${show(one)}`);
  };
  for (let i = 0; i < rounds; i++) {
    for (const worker of workers) {
      const { window: _, ...one } = await oneRound(world, worker, jobs);
      add(worker.name, one);
    }
    add(BARE, await bareLoop(world, jobs));
  }
  const profileDir = join(world.folder, "profile");
  await mkdir(profileDir, { recursive: true });
  const { window } = await oneRound(world, world.drover("auto"), jobs, profileDir);
  const stages = await breakdown(profileDir, jobs, window);
  const medians = new Map([...found].map(([name, of]) => [name, medianRound(of)]));
  const [confined, weaker, rival] = workers.map((it) => medians.get(it.name));
  const bare = medians.get(BARE);
  const row = (measure: string, figure: (it: Round) => number, unit: string, goal: string) => ({
    measure,
    drover: `${shown(confined, figure)} ${unit}, with sandbox none ${shown(weaker, figure)}`,
    others: `sqs-consumer + execa ${shown(rival, figure)}, spawn alone ${shown(bare, figure)}`,
    goal,
  });
  return {
    rows: [
      row("jobs that do nothing", (it) => it.jobsPerS, "a second", "more than sqs-consumer + execa"),
      row("worker's processor time a job", (it) => it.ownMs, "ms", "less than sqs-consumer + execa"),
      row("… with its programs'", (it) => it.ownMs + it.childrenMs, "ms", ""),
    ],
    data: {
      jobs,
      rounds: Object.fromEntries(found),
      median: Object.fromEntries(medians),
      profileMsPerJob: stages,
    },
  };
}

/** The queue is filled before the worker starts, so that nothing but the worker, the cloud and the receiver work. */
async function oneRound(
  world: World,
  worker: WorkerKind,
  jobs: number,
  profileDir?: string,
): Promise<Round & { window: { fromMs: number; toMs: number } }> {
  const { receiver } = world;
  await world.startAfresh();
  await world.enqueue(requestFor(NOTHING.name, receiver.url), WARM + jobs);
  const running = await worker.start(NOTHING, profileDir === undefined ? {} : { profileDir });
  try {
    await receiver.nth(WARM);
    const [before, startedAt] = [cpuTimeOf(running.pid), performance.now()];
    await receiver.nth(WARM + jobs);
    const [after, endedAt] = [cpuTimeOf(running.pid), performance.now()];
    const window = { fromMs: startedAt - running.startedAt, toMs: endedAt - running.startedAt };
    return { ...perJob(before, after, endedAt - startedAt, jobs), window };
  } finally {
    await running.end();
  }
}

function perJob(before: CpuTime, after: CpuTime, wallMs: number, jobs: number): Round {
  return {
    jobsPerS: (jobs / wallMs) * 1000,
    ownMs: (after.ownMs - before.ownMs) / jobs,
    childrenMs: (after.childrenMs - before.childrenMs) / jobs,
  };
}

async function bareLoop(world: World, jobs: number): Promise<Round> {
  const argv = [world.bundles.bareLoop, String(SLOTS), String(jobs), "/bin/true"];
  const { stdout } = await promisify(execFile)(process.execPath, argv, { env: world.env });
  const { wallMs, ownMs, childrenMs } = JSON.parse(stdout) as CpuTime & { wallMs: number };
  return perJob({ ownMs: 0, childrenMs: 0 }, { ownMs, childrenMs }, wallMs, jobs);
}

function medianRound(rounds: readonly Round[]): Round {
  return {
    jobsPerS: round(median(rounds.map((it) => it.jobsPerS)), 1),
    ownMs: round(median(rounds.map((it) => it.ownMs))),
    childrenMs: round(median(rounds.map((it) => it.childrenMs))),
  };
}

function shown(one: Round | undefined, figure: (it: Round) => number): string {
  return one === undefined ? "–" : String(round(figure(one), 1));
}

function show({ jobsPerS, ownMs, childrenMs }: Round): string {
  return `${round(jobsPerS, 0)} jobs/s, ${round(ownMs)} ms + ${round(childrenMs)} ms in children a job`;
}
