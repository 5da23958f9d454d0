import type { OfferedService } from "../../agent/admit/catalog.ts";
import type { AgentContext, AgentSettings } from "../../agent/context.ts";
import { Cancellations } from "../../agent/receive/cancellations.ts";
import { Deleter } from "../../agent/result/deleter.ts";
import { Secrets } from "../../agent/result/secrets.ts";
import { Activity } from "../../agent/status/activity.ts";
import { Orders } from "../../agent/status/orders.ts";
import { Worker } from "../../agent/worker.ts";
import type { Clock } from "../../base/clock.ts";
import type { Files } from "../../base/files.ts";
import { createLog } from "../../base/log.ts";
import { createS3Store } from "../../cloud/aws/s3-store.ts";
import type { Queue } from "../../cloud/ports/queue.ts";
import type { Store } from "../../cloud/ports/store.ts";
import { buildRequest } from "../../schemas/build.ts";
import type { JobRequest } from "../../schemas/request.ts";
import type { JobResponse } from "../../schemas/response.ts";
import type { ServiceManifest } from "../../schemas/service.ts";
import { validate } from "../../schemas/validate.ts";
import { manifestOf } from "./manifest.ts";
import { createMemoryFiles } from "./memory-files.ts";
import { createMemoryObjects } from "./memory-objects.ts";
import { createMemoryQueue } from "./memory-queue.ts";
import { createLife, type Life } from "./mortal.ts";
import { type Answer, createScriptedHttp } from "./scripted-http.ts";
import { type Behaviour, createScriptedProcesses } from "./scripted-processes.ts";
import { createSeededRandom } from "./seeded-random.ts";
import { createSimClock } from "./sim-clock.ts";

export const CALLBACK = "http://client.example/callback";
export const INPUT = "http://files.example/input.bin";

/** What clients ask for here, unless they say otherwise. */
export function requestOf(changes: Partial<JobRequest> = {}): JobRequest {
  return { service: "echo", parameters: [], output: { type: "callback", href: CALLBACK }, ...changes };
}

/** A job with an input. */
export function fetchingRequest(): JobRequest {
  return requestOf({ service: "fetch", input: { type: "http", href: INPUT } });
}

export interface WorldOptions {
  /** `echo` without an input and `fetch` with one, unless others are named. */
  services?: readonly ServiceManifest[];
  program?: (argv: readonly string[]) => Behaviour;
  /** The client's server, by request number. */
  callback?: (n: number) => Answer;
  input?: (n: number) => Answer;
  settings?: Partial<AgentSettings>;
  secrets?: Record<string, string>;
}

export type World = ReturnType<typeof createWorld>;

/**
 * What outlives an agent: queues, bucket, the clients' servers, time. Agents are started over it, and may die; an agent
 * is the production worker with its stages, over ports in memory.
 */
export function createWorld(options: WorldOptions = {}) {
  const clock = createSimClock();
  const objects = createMemoryObjects(clock, "drover");
  const queue = (name: string) => createMemoryQueue(clock, name);
  const queues = {
    requests: queue("drover-requests"),
    responses: queue("drover-responses"),
    deliveries: queue("drover-deliveries"),
    dead: queue("drover-dead"),
  };
  const callbacks = createScriptedHttp(clock, (_, n) => options.callback?.(n) ?? {});
  const inputs = createScriptedHttp(clock, (_, n) => options.input?.(n) ?? { body: "input" });
  const processes = createScriptedProcesses(
    clock,
    (argv) => options.program?.(argv) ?? { takesMs: 1000, stdout: "1 2 3" },
  );
  const services = options.services ?? [
    manifestOf(),
    manifestOf({ name: "fetch", input: { types: ["http"] } }),
  ];
  const world = { clock, objects, queues, callbacks, inputs, processes };

  /** Starts an agent; `life` is how it may end. */
  function start(life: Life = createLife(), name = "a", store: Store = createS3Store(objects)) {
    const files = createMemoryFiles();
    const mortalClock = clockOf(clock, life);
    const logged: string[] = [];
    const log = createLog(
      (line) => void (life.dead || logged.push(line)),
      () => clock.now(),
    );
    const requests = life.wrap<Queue>("requests", queues.requests);
    const bucket = life.wrap("objects", objects);
    const context = assembleAgent({
      name,
      clock: mortalClock,
      random: createSeededRandom(name.charCodeAt(0)),
      log,
      files: life.wrap("files", files),
      disk: files,
      http: life.wrap("http", {
        request: (it) => (it.url === INPUT ? inputs : callbacks).request(it),
      }),
      processes: life.wrap("processes", processes),
      objects: bucket,
      queues: {
        requests,
        responses: life.wrap<Queue>("responses", queues.responses),
        deliveries: life.wrap<Queue>("deliveries", queues.deliveries),
        dead: life.wrap<Queue>("dead", queues.dead),
      },
      services,
      secrets: options.secrets ?? {},
      store,
      retentionS: 7 * 86_400,
      fleetKey: Buffer.alloc(32, 7),
      settings: options.settings ?? {},
    });
    const worker = new Worker(context);
    const ended = worker.run();
    return { worker, context, life, files, logged, ended, activity: context.activity };
  }

  return {
    ...world,
    start,
    submit: (job: JobRequest | string = requestOf()) =>
      queues.requests.send(typeof job === "string" ? job : buildRequest(job)),
    /** The response document of a job, or undefined while there is none. */
    result(id: string): JobResponse | undefined {
      const found = objects.stored.get(`jobs/${id}/g0/result`);
      if (found === undefined) return undefined;
      const verdict = validate("response", found.body);
      if (!verdict.ok) throw new Error(verdict.problems[0].message);
      return verdict.value;
    },
    /** No request and no delivery is left anywhere. */
    idle: () => queues.requests.messages.length + queues.deliveries.messages.length === 0,
    drain: async ({ worker, ended }: { worker: Worker; ended: Promise<void> }) => {
      worker.drain();
      await clock.settle(ended);
    },
  };
}

/** An agent's ports, and what else it knows. */
export interface AgentParts
  extends
    Pick<AgentContext, "clock" | "random" | "log" | "files" | "http" | "processes" | "objects">,
    Pick<AgentContext, "queues" | "retentionS" | "fleetKey"> {
  name: string;
  /** Where its activity log lies. */
  disk: Files;
  store: Store;
  services: readonly ServiceManifest[];
  secrets: Record<string, string>;
  settings: Partial<AgentSettings>;
}

/** What main.ts does with real adapters. */
export function assembleAgent({
  name,
  disk,
  store,
  services,
  secrets,
  settings,
  ...ports
}: AgentParts): AgentContext {
  const { clock, log, objects, queues } = ports;
  return {
    ...ports,
    openQueue: () => Promise.reject(new Error("there is no such queue")),
    deleter: new Deleter(queues.requests, log),
    catalog: { services: new Map(services.map((it) => [it.name, offered(it)])), broken: new Map() },
    secrets: new Secrets(secrets),
    activity: new Activity({ clock, files: disk, store, log }, { instanceId: name, folder: "/work" }),
    cancellations: new Cancellations(objects, log),
    orders: new Orders({ store, clock, log }, name),
    settings: { ...SETTINGS, ...settings, instanceId: name },
  };
}

const SETTINGS: AgentSettings = {
  instanceId: "a",
  slots: 1,
  cpusPerSlot: 1,
  visibilityTimeoutS: 60,
  drainTimeoutS: 3_600,
  callbackTimeoutS: 30,
  deliveryBudgetS: 3_600,
  retryBudgetS: 300,
  alarm: [],
  statusPeriodS: 10,
  jobsDir: "/work/jobs",
  node: "/usr/bin/node",
  path: "/usr/bin",
};

function offered(manifest: ServiceManifest): OfferedService {
  return { manifest, folder: `/services/${manifest.name}`, missing: [] };
}

/** A dead agent's timers never fire. */
function clockOf(clock: Clock, life: Life): Clock {
  return {
    now: () => clock.now() + life.skewMs,
    monotonic: () => clock.monotonic(),
    after: (ms, fn) => clock.after(ms, () => void (life.dead || fn())),
    sleep: async (ms, signal) => {
      await clock.sleep(ms, signal);
      if (life.dead) await new Promise(() => undefined);
    },
  };
}
