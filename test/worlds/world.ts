import { reportStatus } from "../../agent/status/heartbeat.ts";
import { Worker } from "../../agent/worker.ts";
import type { AgentContext, AgentSettings } from "../../agent/context.ts";
import { createLog } from "../../base/log.ts";
import { createS3Store } from "../../cloud/aws/s3-store.ts";
import type { Store } from "../../cloud/ports/store.ts";
import type { Queue, QueueMessage } from "../../cloud/ports/queue.ts";
import { buildRequest } from "../../schemas/build.ts";
import { assembleAgent } from "../support/agent-world.ts";
import { createMemoryFiles, type MemoryFiles } from "../support/memory-files.ts";
import { createMemoryObjects } from "../support/memory-objects.ts";
import { createMemoryQueue, type HeldMessage, type QueueNature } from "../support/memory-queue.ts";
import { createScriptedProcesses } from "../support/scripted-processes.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSimClock } from "../support/sim-clock.ts";
import { type Call, CUT_MS, FREEZE_MS, type Mishap, SLOW_MS } from "./faults.ts";
import { History } from "./history.ts";
import { Host, type Outcome } from "./host.ts";
import { FLEET_KEY, FLEET_SECRETS, type JobKind, SERVICES, type ServerAnswer } from "./kinds.ts";
import { Ledger, type SentJob } from "./ledger.ts";
import { Numbers } from "./numbers.ts";
import { Servers } from "./servers.ts";

export interface WorldOptions {
  seed: number;
  /** What happens at a call, if anything. */
  meet?: (host: Host, call: Call) => Mishap | undefined;
  nature?: Partial<Pick<QueueNature, "pick" | "twice" | "lateMs" | "oldHandles">>;
  settings?: Partial<AgentSettings>;
  retentionS?: number;
  /** Agents report their status and ship their log. */
  reports?: boolean;
}

export interface Machine {
  host: Host;
  worker: Worker;
  files: MemoryFiles;
  context: AgentContext;
  /** Resolves when the agent has left. */
  ended: Promise<unknown>;
}

export type World = ReturnType<typeof createWorld>;

/** How long the simulated mishaps go on after they began, for the time by which all must be well again. */
const AFTERMATH_MS: Partial<Record<Mishap, number>> = {
  "freezes-before": FREEZE_MS,
  "freezes-after": FREEZE_MS,
  "cut-off": CUT_MS,
  slow: 2 * SLOW_MS,
};

/** A stopped agent needs the round trips of a hand-back, no more. */
const HAND_BACK_MS = 5_000;
/** Deliveries that failed for as long as a cut lasts are next tried after up to five minutes, and may fail once more. */
export const BACKOFF_MS = 600_000;

/**
 * Everything outside the agents: time, queues, bucket, the clients' servers, machines. Agents are the production worker
 * with all its stages; what they do to the world is in `ledger` and `history`, for a checker that knows nothing else.
 */
export function createWorld({
  seed,
  meet,
  nature = {},
  settings = {},
  retentionS = 7 * 86_400,
  reports,
}: WorldOptions) {
  const clock = createSimClock();
  const history = new History(clock);
  const random = createSeededRandom(seed + 7);
  const numbers = new Numbers();
  const ledger = new Ledger(clock);
  const objects = createMemoryObjects(clock, "drover");
  void objects.put("input.bin", "input");
  const storeObjects = createMemoryObjects(clock, "log");
  /** Who was handed a message last. */
  const holders = new Map<string, Host>();
  let made = 0;
  const queue = (name: "requests" | "responses" | "deliveries" | "dead") => {
    const observe = (event: "sent" | "deleted" | "received") => (message: HeldMessage) => {
      ledger.note(name, event, message, objects.stored);
    };
    return createMemoryQueue(clock, name, {
      newId: () => `${name}-${++made}`,
      onSent: observe("sent"),
      onDeleted: observe("deleted"),
      onReceived: observe("received"),
      ...(name === "requests" || name === "deliveries" ? nature : {}),
    });
  };
  const queues = {
    requests: queue("requests"),
    responses: queue("responses"),
    deliveries: queue("deliveries"),
    dead: queue("dead"),
  };
  const served =
    (which: "callback" | "input") =>
    (n: number, before: number): ServerAnswer => {
      const job = ledger.jobs[n];
      if (job === undefined || (which === "callback" && job.healed)) return {};
      const answer = job.kind[which]?.(before) ?? { body: "input" };
      if (answer.status !== undefined || answer.silent || answer.cut) numbers.fire(job.kind.faults);
      return answer;
    };
  const servers = new Servers(clock, { callback: served("callback"), input: served("input") });
  const machines: Machine[] = [];
  const world = {
    seed,
    clock,
    history,
    numbers,
    ledger,
    objects,
    storeObjects,
    queues,
    servers,
    machines,
    /** Everything an agent logged, one JSON object a line. */
    logged: [] as string[],
    /** Mishaps that happened, and virtual time until which the last one goes on. */
    mishaps: new Set<string>(),
    trouble: 0,
    troubleUntil: 0,
    excusesOverlap: nature.twice !== undefined || nature.oldHandles === "ignored",
    /** One agent alone would wait for the end of the mishap. */
    needsCompany: false,
    /** Back-offs that the faults have made long. */
    backOffMs: 0,
    extend: (untilMs: number) => {
      world.troubleUntil = Math.max(world.troubleUntil, untilMs);
    },
    submit,
    start,
    expectBack,
    /** Told to leave by somebody; they count as gone. */
    leaving: new Set<Machine>(),
    live: () => machines.filter((it) => !it.host.dead && !world.leaving.has(it)),
    replace,
    /** What is still to come from outside: jobs to be sent, agents to be told to leave. */
    ahead: 0,
    /** Nothing is due and nobody is held up. */
    isIdle: () =>
      world.ahead === 0 &&
      queues.requests.messages.length + queues.deliveries.messages.length === 0 &&
      machines.every(({ host, worker }) => host.dead || (!host.isFrozen && isUnoccupied(worker))),
  };

  async function submit(kind: JobKind): Promise<SentJob> {
    const n = ledger.jobs.length;
    const attributes = { ...kind.attributes };
    const job = ledger.add(kind, attributes);
    const body = documentOf(kind, n);
    job.id = await queues.requests.send(body, { attributes });
    history.say("client", `sends job ${n} (${kind.name}) as ${job.id}`);
    return job;
  }

  function onMishap(host: Host, call: Call, mishap: Mishap): void {
    history.say(host.name, `${mishap} at ${call.name}`);
    world.mishaps.add(mishap);
    world.trouble++;
    world.extend(clock.monotonic() + (AFTERMATH_MS[mishap] ?? 0));
    if (mishap === "cut-off" && call.port === "http") world.backOffMs = BACKOFF_MS;
    if (mishap === "expires" || mishap === "twice" || mishap.startsWith("freezes"))
      world.excusesOverlap = true;
    world.needsCompany ||= mishap === "cut-off" || world.excusesOverlap;
    numbers.mishap(
      host,
      call,
      mishap,
      queues.requests.messages.some((it) => it.receiveCount > 0),
    );
    if (mishap !== "expires" && mishap !== "twice") return;
    for (const message of queues.requests.messages) {
      if (message.receiveCount > 0) message.visibleAt = Math.min(message.visibleAt, clock.monotonic());
    }
  }

  /** An agent that leaves in order hands its messages back at once: nobody has to wait for the visibility timeout. */
  function expectBack(host: Host): void {
    const now = clock.monotonic();
    const held = queues.requests.messages.filter((it) => holders.get(it.id) === host && it.visibleAt > now);
    const counts = new Map(held.map((it) => [it, it.receiveCount]));
    clock.after(HAND_BACK_MS, () => {
      if (host.dead || host.isFrozen || host.cuts.length > 0) return;
      for (const it of queues.requests.messages) {
        if (counts.get(it) !== it.receiveCount || it.visibleAt <= clock.monotonic()) continue;
        ledger.wrongs.push(`I10: ${host.name} left and did not hand ${it.id} back`);
      }
    });
  }

  function onDeath(host: Host): void {
    history.say(host.name, "is lost");
    world.trouble++;
    world.extend(clock.monotonic());
    numbers.death(host, servers);
    servers.hangUp(host);
    ledger.lost(host);
  }

  /** @param disk what a machine of this name left when it was lost */
  function start(name = `agent-${machines.length + 1}`, disk?: MemoryFiles): Machine {
    const host = new Host(name, {
      clock,
      meet: meet ?? (() => undefined),
      onMishap,
      onDeath,
      onCall: (it, call, args, outcome: Outcome) => {
        history.call(it, call, args, outcome);
        if (call.name === "files.remove" && "error" in outcome) world.mishaps.add("remove-failed");
        numbers.called(it, call, args, outcome);
        if (call.name !== "requests.receive" || "error" in outcome) return;
        for (const message of outcome.result as QueueMessage[]) holders.set(message.id, it);
      },
    });
    history.say(name, "starts");
    const files = disk ?? createMemoryFiles();
    void files.remove("/work/jobs"); // what main.ts does before anything else
    const log = createLog(
      (line) => void (host.dead || world.logged.push(line)),
      () => clock.now(),
    );
    const store = host.wrap("store", createS3Store(storeObjects));
    const context = assembleAgent({
      name,
      clock: host.clock,
      random: createSeededRandom(seed * 1009 + machines.length),
      log,
      files: host.wrap("files", files),
      disk: host.wrap("disk", files),
      http: host.wrap("http", { request: (it) => servers.request(host, it) }),
      processes: host.wrap("processes", programsOf(host, files)),
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
      retentionS,
      fleetKey: FLEET_KEY,
      settings: { deliveryBudgetS: 3_600, retryBudgetS: 1_800, drainTimeoutS: 300, ...settings },
    });
    const worker = new Worker(context);
    const ended = reports ? reporting(host, context, worker, store) : worker.run();
    const machine = { host, worker, files, context, ended };
    machines.push(machine);
    return machine;
  }

  /** A new machine, or a lost one that comes back with what its disk still has. */
  function replace(): Machine {
    const lost = machines.findLast(
      ({ host }) => host.dead && !machines.some((it) => it.host !== host && it.host.name === host.name),
    );
    if (lost === undefined || random.next() < 0.5) return start();
    lost.files.loseUnflushed(random.next());
    return start(lost.host.name, lost.files);
  }

  async function reporting(host: Host, context: AgentContext, worker: Worker, store: Store) {
    try {
      await context.activity.open();
    } catch {
      host.die(); // an agent that cannot start is started again by its supervisor
      return;
    }
    if (worker.state !== "working") return; // told to leave before it had begun
    const left = new AbortController();
    const facts = { version: "1", pid: 1, startedAt: clock.now() };
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
      receive: (options) =>
        target.receive({
          ...options,
          signal: options.signal === undefined ? host.death : both(options.signal),
        }),
    };
  }

  function programsOf(host: Host, files: MemoryFiles) {
    const programs = createScriptedProcesses(clock, ([, number = "0"], { cwd }) => {
      const job = ledger.jobs[Number(number)];
      if (job === undefined) return { takesMs: 1_000 };
      const behaviour = job.kind.program?.(job.runs) ?? { takesMs: 1_000, stdout: "1 2 3" };
      ledger.ran(job, host, world.excusesOverlap);
      const { inputBody } = job.kind;
      const input = files.contents.get(
        `${cwd.replace(/work$/, "input")}${job.kind.name === "s3-input" ? ".bin" : ""}`,
      );
      if (inputBody !== undefined && String(input) !== inputBody) {
        ledger.wrongs.push(`the program of job ${job.n} runs on an input that is not whole`);
      }
      if (job.kind.program !== undefined) numbers.fire(job.kind.faults);
      if (behaviour.kills) clock.after(behaviour.takesMs - 100, () => host.die());
      if (behaviour.writesFile)
        files.contents.set(`${cwd.replace(/work$/, "output")}/sum.txt`, Buffer.from("6"));
      return behaviour;
    });
    return {
      spawn: async (...[argv, options]: Parameters<typeof programs.spawn>) => {
        const child = await programs.spawn(argv, options);
        const job = ledger.jobs[Number(argv[1] ?? 0)];
        void child.exited.then(() => job?.running.delete(host));
        return host.adopt(child);
      },
    };
  }

  return world;
}

const documents = new Map<string, string>();

/** The same few documents in every world. */
function documentOf(kind: JobKind, n: number): string {
  const key = `${kind.name} ${n}`;
  const known = documents.get(key);
  if (known !== undefined) return known;
  const asked = kind.request(n);
  const made = typeof asked === "string" ? asked : buildRequest(asked);
  documents.set(key, made);
  return made;
}

function isUnoccupied(worker: Worker): boolean {
  const { runningS, waiting, settling } = worker.holdings();
  return runningS.length + waiting + settling === 0;
}
