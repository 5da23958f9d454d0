import type { AgentContext, AgentSettings } from "../../agent/context.ts";
import { reportStatus } from "../../agent/status/heartbeat.ts";
import { Worker } from "../../agent/worker.ts";
import type { Clock } from "../../base/clock.ts";
import { createLog } from "../../base/log.ts";
import type { ChildHandle } from "../../base/processes.ts";
import { createS3Store } from "../../cloud/aws/s3-store.ts";
import type { Queue } from "../../cloud/ports/queue.ts";
import type { Store } from "../../cloud/ports/store.ts";
import { assembleAgent } from "../support/agent-world.ts";
import { createMemoryFiles, type MemoryFiles } from "../support/memory-files.ts";
import { createScriptedProcesses } from "../support/scripted-processes.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import type { Cloud } from "./cloud.ts";
import type { Host } from "./host.ts";
import { FLEET_KEY, FLEET_SECRETS, SERVICES } from "./kinds.ts";
import type { Ledger, SentJob } from "./ledger.ts";
import type { Numbers } from "./numbers.ts";
import type { Servers } from "./servers.ts";

/** What a machine stands in. */
export interface Place {
  clock: Clock;
  cloud: Cloud;
  servers: Servers;
  ledger: Ledger;
  numbers: Numbers;
  /** Everything an agent logged, one JSON object a line. */
  logged: string[];
  /** What the alarm command was told. */
  alarms: Alarm[];
  retentionS: number;
  settings: Partial<AgentSettings>;
  /** Agents report their status and ship their log. */
  reports: boolean;
  /** Two programs of one job at the same time are the faults' doing. */
  excusesOverlap: () => boolean;
  isCalm: () => boolean;
  /** The queue hides the job's message for this machine, as far as it could know when it decided on what it does. */
  isHidden: (host: Host, job: SentJob) => boolean;
}

export interface Alarm {
  event: string;
  job: string;
  code: string;
}

export interface Machine {
  host: Host;
  worker: Worker;
  files: MemoryFiles;
  /** Resolves when the agent has left. */
  ended: Promise<unknown>;
  /** When that was, monotonic milliseconds. */
  leftAt: () => number | undefined;
  /** Whether it ever came to ask for work: one that was told to leave before has done nothing else either. */
  hasBegun: () => boolean;
  isReporting: boolean;
  /** How long programs have after it is told to leave. */
  drainTimeoutMs: number;
}

const ALARM = "call-somebody";
const SETTINGS = {
  alarm: [ALARM],
  deliveryBudgetS: 3_600,
  retryBudgetS: 1_800,
  drainTimeoutS: 300,
};

/**
 * The production worker on a simulated host, wired as main.ts does it.
 * @param disk what a machine of this name left when it was lost
 */
export function startMachine(place: Place, host: Host, seed: number, disk?: MemoryFiles): Machine {
  const { clock, cloud, servers, logged } = place;
  const { objects, queues, logObjects } = cloud;
  const files = disk ?? createMemoryFiles();
  void files.remove("/work/jobs"); // main.ts sweeps before anything else
  const log = createLog(
    (line) => void (host.dead || logged.push(line)),
    () => clock.now(),
  );
  const store = host.wrap("store", createS3Store(logObjects));
  const context = assembleAgent({
    name: host.name,
    clock: host.clock,
    random: createSeededRandom(seed),
    log,
    files: host.wrap("files", files),
    disk: host.wrap("disk", files),
    http: host.wrap("http", { request: (it) => servers.request(host, it) }),
    processes: host.wrap("processes", programsOf(place, host, files)),
    objects: host.wrap("objects", objects),
    queues: {
      requests: host.wrap<Queue>("requests", polled(host, queues.requests)),
      responses: host.wrap<Queue>("responses", queues.responses),
      deliveries: host.wrap<Queue>("deliveries", polled(host, queues.deliveries)),
      dead: host.wrap<Queue>("dead", queues.dead),
    },
    services: SERVICES,
    secrets: FLEET_SECRETS,
    store,
    retentionS: place.retentionS,
    fleetKey: FLEET_KEY,
    settings: { ...SETTINGS, ...place.settings },
  });
  const worker = new Worker(context);
  const ended = place.reports ? reporting(host, context, worker, store) : worker.run();
  let leftAt: number | undefined;
  void ended.then(() => (leftAt = clock.monotonic()));
  let begun = false;
  void worker.polling.then(() => (begun = true));
  const asked = { leftAt: () => leftAt, hasBegun: () => begun };
  const drainTimeoutMs = context.settings.drainTimeoutS * 1000;
  return { host, worker, files, ended, ...asked, isReporting: place.reports, drainTimeoutMs };
}

async function reporting(host: Host, context: AgentContext, worker: Worker, store: Store): Promise<void> {
  try {
    await context.activity.open();
  } catch {
    host.die(); // an agent that cannot start is started again by its supervisor
    return;
  }
  if (worker.state !== "working") return; // told to leave before it had begun
  const left = new AbortController();
  const facts = { version: "1", pid: 1, startedAt: context.clock.now() };
  await Promise.all([
    worker.run().finally(() => left.abort()),
    worker.polling.then(() => reportStatus(context, store, worker, facts, left.signal)),
  ]);
}

/** A lost machine's poll ends with it. */
function polled(host: Host, target: Queue): Queue {
  const signals = new WeakMap<AbortSignal, AbortSignal>();
  const both = (signal: AbortSignal) => {
    const known = signals.get(signal) ?? AbortSignal.any([signal, host.death]);
    signals.set(signal, known);
    return known;
  };
  return {
    ...target,
    receive: (options) => {
      const signal = options.signal === undefined ? host.death : both(options.signal);
      return target.receive({ ...options, signal });
    },
  };
}

/** The programs of the services: what they do says the job's kind. */
function programsOf(place: Place, host: Host, files: MemoryFiles) {
  const { clock, ledger, numbers, excusesOverlap, alarms } = place;
  const jobOf = (argv: readonly string[]) => ledger.jobs[Number(argv[1] ?? 0)];
  /** Programs here of one job: the queue may hand a message out twice to one agent. */
  const copies = new Map<SentJob | undefined, number>();
  const programs = createScriptedProcesses(clock, (argv, { cwd, env }) => {
    if (argv[0] === ALARM) {
      alarms.push(JSON.parse(env["DROVER_ALARM"] ?? "") as Alarm);
      return { takesMs: 100 };
    }
    const job = jobOf(argv);
    if (job === undefined) return { takesMs: 1_000 };
    const behaviour = job.kind.program?.(job.runs) ?? { takesMs: 1_000, stdout: "1 2 3" };
    if (place.isCalm()) ledger.calmly(job);
    ledger.ran(job, host, excusesOverlap());
    if (!place.isHidden(host, job)) {
      ledger.wrongs.push(`${host.name} runs the program of job ${job.n} although its lease has run out`);
    }
    if (!hasWholeInput(job, files, cwd)) {
      ledger.wrongs.push(`the program of job ${job.n} runs on an input that is not whole`);
    }
    if (job.kind.program !== undefined) numbers.fire(job.kind.faults);
    if (behaviour.kills) {
      clock.after(behaviour.takesMs - 100, () => {
        if (!host.dead) job.poisoned++;
        host.die(true);
      });
    }
    if (behaviour.writesFile) {
      files.contents.set(`${cwd.replace(/work$/, "output")}/sum.txt`, Buffer.from("6"));
    }
    return behaviour;
  });
  return {
    spawn: async (...[argv, options]: Parameters<typeof programs.spawn>) => {
      const child = await programs.spawn(argv, options);
      if (argv[0] === ALARM) return child;
      const job = jobOf(argv);
      const begunAt = clock.monotonic();
      let wasKilled = false;
      copies.set(job, (copies.get(job) ?? 0) + 1);
      void child.exited.then(({ signal }) => {
        const left = (copies.get(job) ?? 0) - 1;
        copies.set(job, left);
        if (left === 0) job?.running.delete(host);
        const isWell = !host.wasHarmed && !host.wasSlow && host.cuts.length === 0;
        if (job === undefined || host.dead) return;
        const endedAt = clock.monotonic();
        if (place.reports && isWell) ledger.endedAfterCancel(job);
        if (!wasKilled) {
          host.runs.push({ n: job.n, service: argv[0] ?? "", tookS: (endedAt - begunAt) / 1000, endedAt });
        }
        if (signal === null) {
          job.ended++;
          job.endedAt = endedAt;
        }
      });
      const kill: ChildHandle["kill"] = (signal) => {
        wasKilled = true;
        return child.kill(signal);
      };
      return host.adopt({ ...child, kill });
    },
  };
}

function hasWholeInput({ kind }: SentJob, files: MemoryFiles, cwd: string): boolean {
  if (kind.inputBody === undefined) return true;
  const name = kind.name === "s3-input" ? "input.bin" : "input";
  return String(files.contents.get(cwd.replace(/work$/, name))) === kind.inputBody;
}
