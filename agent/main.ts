import { availableParallelism } from "node:os";
import { DroverError, reasonOf } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Config } from "../base/config/config.ts";
import { systemClock } from "../base/system/clock.ts";
import { systemFiles } from "../base/system/files.ts";
import { createSystemHttp } from "../base/system/http.ts";
import { createProcesses } from "../base/system/processes.ts";
import { systemRandom } from "../base/system/random.ts";
import { version } from "../base/system/root.ts";
import { metadataEndpoint } from "../base/system/metadata.ts";
import type { Sandbox } from "../base/system/sandbox/sandbox.ts";
import { machine } from "../base/system/settings.ts";
import { closeS3Clients, createS3Clients, openBucket, type S3Clients } from "../cloud/aws/s3.ts";
import { closeSqsClients, createSqsClients, openQueue, type SqsClients } from "../cloud/aws/sqs.ts";
import { openStore } from "../cloud/aws/store.ts";
import type { Objects } from "../cloud/ports/objects.ts";
import type { Store } from "../cloud/ports/store.ts";
import { readCatalog } from "./admit/catalog.ts";
import { warmUp } from "../schemas/validate.ts";
import type { AgentContext } from "./context.ts";
import { fleetKey } from "./fleet-key.ts";
import { Cancellations } from "./receive/cancellations.ts";
import { type Installation, installationOf } from "../bootstrap/installed/installation.ts";
import { liveInInstallation } from "./release/main.ts";
import { reportingRelease, sayLeft } from "../bootstrap/installed/report.ts";
import { TalliedActivity } from "./release/tally.ts";
import { Deleter } from "./result/deleter.ts";
import { Secrets } from "./result/secrets.ts";
import { Slots } from "./run/slots.ts";
import { watchInterruptions } from "./status/interruption.ts";
import { reportStatus } from "./status/heartbeat.ts";
import { Orders } from "./status/orders.ts";
import { endWhenForgotten } from "./status/self-end.ts";
import { Worker } from "./worker.ts";

/** The first poll is on its way then; the first document need not wait for the schemas to be compiled. */
const WARM_UP_MS = 50;

/** What was begun before the rest of the agent was loaded. */
export interface Beginning {
  /** Epoch milliseconds. */
  startedAt: number;
  log: Log;
  /** For the folders of all jobs; empty when the sandbox is there. */
  jobsDir: string;
  opening: Promise<Sandbox>;
}

/** Resolves when the agent has left. */
export async function runAgent(
  config: Config,
  { startedAt, log, jobsDir, opening }: Beginning,
): Promise<void> {
  const clients = { sqs: createSqsClients(), s3: createS3Clients(), http: createSystemHttp() };
  const objects = openBucket(clients.s3, config.bucket);
  const { store, close: closeStore } = openStore(config);
  const installation = installationOf(process.env);
  const machineName = installation?.instance ?? config.instance_id;
  const orders = new Orders({ store, clock: systemClock, log }, machineName);
  const context = await openContext(config, jobsDir, clients, { objects, store, log, opening, orders });
  const sandbox = await opening;
  announce(context, sandbox);

  // In an installation an older agent may still hold slots; alone, all of them are ours.
  const slots = new Slots(installation === undefined ? config.slots : 0);
  const worker = new Worker(context, slots);
  await worker.heed(orders.cordon); // before the first poll: a machine that is about to be ended takes no job
  const reporting = installation
    ? reportingRelease(store, systemFiles, installation, () => context.activity.failed)
    : store;
  const left = new AbortController();
  const restore = onSignals(worker, context);
  const facts = { version, pid: process.pid, startedAt, sandbox: sandbox.kind };
  await Promise.all([
    worker.run().finally(() => left.abort()),
    heedInterruptions(worker, log, left.signal),
    worker.polling.then(() => reportStatus(context, reporting, worker, facts, left.signal)),
    installation && liveInInstallation(installation, context, slots, left.signal),
    installation && endForgotten(installation, config, context, worker, left.signal),
    worker.polling.then(() => systemClock.after(WARM_UP_MS, warmUp)),
    worker.polling.then(() => log.info("agent.ready", { instance: config.instance_id, slots: config.slots })),
  ]);
  restore();
  if (installation !== undefined) await sayLeft(systemFiles, installation);
  log.info("agent.left", { ...worker.counts });
  sandbox.close?.();
  await systemFiles.remove(jobsDir);
  closeStore();
  await clients.http.close();
  closeSqsClients(clients.sqs);
  closeS3Clients(clients.s3);
}

/** A spot notice evacuates the machine, a recommendation to rebalance drains it. */
async function heedInterruptions(worker: Worker, log: Log, signal: AbortSignal): Promise<void> {
  const endpoint = metadataEndpoint(process.env);
  if (endpoint === undefined) return;
  const http = createSystemHttp("metadata");
  await watchInterruptions(
    { http, clock: systemClock, log },
    endpoint,
    (interruption) => {
      log.warn("agent.interrupted", { ...interruption });
      if (interruption.kind === "notice") worker.evacuate(interruption.at);
      else worker.drain();
    },
    signal,
  );
  await http.close();
}

/** Only a rented machine ends itself: boot.sh shuts it down when no agent is left on it and this file is there. */
async function endForgotten(
  { home }: Installation,
  config: Config,
  context: AgentContext,
  worker: Worker,
  signal: AbortSignal,
): Promise<void> {
  if (metadataEndpoint(process.env) === undefined) return;
  const end = async () => void (await systemFiles.write(`${home}/shared/end-wanted`, new Uint8Array()));
  await endWhenForgotten(context, worker, config.self_end_idle_s, end, signal);
}

interface Clients {
  sqs: SqsClients;
  s3: S3Clients;
  http: ReturnType<typeof createSystemHttp>;
}

/** Asks the cloud for everything at once: the first poll waits for the slowest answer only. */
async function openContext(
  config: Config,
  jobsDir: string,
  { sqs, http }: Clients,
  {
    objects,
    store,
    log,
    opening,
    orders,
  }: { objects: Objects; store: Store; log: Log; opening: Promise<Sandbox>; orders: Orders },
): Promise<AgentContext & { activity: TalliedActivity }> {
  const tools = {
    clock: systemClock,
    random: systemRandom,
    files: systemFiles,
    http,
  };
  const place = { instanceId: config.instance_id, folder: config.work_dir };
  const activity = new TalliedActivity({ ...tools, store, log }, place);
  const opened = openQueue(sqs, config.queues.requests);
  const [requests, retentionS, responses, deliveries, dead, catalog, key, sandbox] = await Promise.all([
    opened,
    opened.then((it) => it.retentionS()).catch(unanswered),
    openQueue(sqs, config.queues.responses),
    openQueue(sqs, config.queues.deliveries),
    openQueue(sqs, config.queues.dead),
    readCatalog(systemFiles, config.services_dir, machine()),
    keyOf(objects),
    opening,
    activity.open(),
    orders.refresh(),
  ]);
  return {
    ...tools,
    processes: createProcesses(sandbox),
    log,
    objects,
    queues: { requests, responses, deliveries, dead },
    openQueue: (url) => openQueue(sqs, url),
    retentionS,
    deleter: new Deleter(requests, log),
    catalog,
    secrets: new Secrets(config.secrets),
    activity,
    cancellations: new Cancellations(objects, log),
    orders,
    fleetKey: key,
    settings: settingsOf(config, jobsDir),
  };
}

/** It may be otherwise in a moment: the exit code says so, and whoever started the agent starts it again. */
function unanswered(error: unknown): never {
  if (error instanceof DroverError) throw error;
  const message = `The cloud did not answer: ${reasonOf(error)}. Check AWS_ENDPOINT_URL, AWS_REGION and the network.`;
  throw new DroverError("cloud-unreachable", message, { cause: error });
}

async function keyOf(objects: Objects): Promise<Uint8Array> {
  try {
    return await fleetKey(objects, systemRandom);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "NoSuchBucket") return unanswered(error);
    const message = `The bucket ${objects.bucket} does not exist. Create it with: drover setup`;
    throw new DroverError("bucket-missing", message, { cause: error });
  }
}

function settingsOf(config: Config, jobsDir: string): AgentContext["settings"] {
  return {
    instanceId: config.instance_id,
    slots: config.slots,
    cpusPerSlot: Math.max(1, Math.floor(availableParallelism() / config.slots)),
    visibilityTimeoutS: config.visibility_timeout_s,
    drainTimeoutS: config.drain_timeout_s,
    callbackTimeoutS: config.callback_timeout_s,
    deliveryBudgetS: config.delivery_budget_s,
    retryBudgetS: config.retry_budget_s,
    alarm: config.alarm,
    statusPeriodS: config.status_period_s,
    jobsDir,
    node: process.execPath,
    path: process.env["PATH"] ?? "/usr/bin:/bin",
  };
}

function announce({ log, catalog }: AgentContext, { kind, weakness }: Sandbox): void {
  for (const [service, reason] of catalog.broken) log.warn("service.broken", { service, reason });
  for (const { manifest, missing } of catalog.services.values()) {
    if (missing.length > 0)
      log.warn("service.not-offered", { service: manifest.name, reason: missing.join("; ") });
  }
  if (weakness === undefined) log.info("agent.confined", { sandbox: kind });
  else
    log.warn(kind === "bubblewrap" ? "agent.confined" : "agent.unconfined", {
      sandbox: kind,
      reason: weakness,
    });
}

/** The first signal drains, the second stops. */
function onSignals(worker: Worker, { log }: AgentContext): () => void {
  const onSignal = (signal: NodeJS.Signals) => {
    const verb = worker.state === "working" ? "drain" : "stop";
    log.info(`agent.${verb}`, { signal });
    worker[verb]();
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  // Started by `drover up`: without it there is no cloud either.
  process.channel?.unref();
  process.once("disconnect", () => worker.stop());
  return () => {
    process.off("SIGTERM", onSignal);
    process.off("SIGINT", onSignal);
  };
}
