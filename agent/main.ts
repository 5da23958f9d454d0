import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { DroverError, reasonOf } from "../base/errors.ts";
import { createLog, type Log } from "../base/log.ts";
import type { Processes } from "../base/processes.ts";
import type { Config } from "../base/config/config.ts";
import { exitCodeOf } from "../base/system/cli.ts";
import { systemClock } from "../base/system/clock.ts";
import { systemFiles } from "../base/system/files.ts";
import { createSystemHttp } from "../base/system/http.ts";
import { lockFolder } from "../base/system/lock.ts";
import { createProcesses } from "../base/system/processes.ts";
import { systemRandom } from "../base/system/random.ts";
import { root, version } from "../base/system/root.ts";
import { metadataEndpoint } from "../base/system/metadata.ts";
import { openSandbox } from "../base/system/sandbox/open.ts";
import type { Sandbox } from "../base/system/sandbox/sandbox.ts";
import { endAll, survivors } from "../base/system/sandbox/survivors.ts";
import { loadSettings, machine } from "../base/system/settings.ts";
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

/** `drover agent …`; `argv` is what follows `agent`. Resolves to the exit code when the agent has left. */
export function main(argv: string[]): Promise<number> {
  return exitCodeOf("drover agent", () => command().parseAsync(argv, { from: "user" }));
}

function command(): Command {
  return new Command("drover agent")
    .description("Take jobs from the request queue, run their programs, return the results.")
    .exitOverride()
    .option("--config <file>", "settings; drover.yaml in this folder when it is there")
    .option("--services <folder>", "one folder for each service")
    .option("--slots <n>", "programs at the same time; 0: one for each processor")
    .option("--work-dir <folder>", "inputs and outputs of running jobs, local activity log")
    .option("--instance-id <name>", "how this instance is called in log and status")
    .option("--visibility-timeout-s <n>", "how long a message stays hidden without a heartbeat")
    .addHelpText(
      "after",
      `
SIGTERM or Ctrl-C drains: no new job, running ones finish. A second one stops: every job goes back to the queue.
Credentials, region and AWS_ENDPOINT_URL come from the environment, as for every AWS tool.

Examples:
  drover agent --slots 2
  eval "$(drover cloud env --dir .drover/cloud)" && drover agent --services ./services`,
    )
    .action((flags: Record<string, string | undefined>) =>
      runAgent(
        loadSettings(root, flags["config"], {
          services_dir: flags["services"],
          slots: flags["slots"],
          work_dir: flags["workDir"],
          instance_id: flags["instanceId"],
          visibility_timeout_s: flags["visibilityTimeoutS"],
        }),
      ),
    );
}

async function runAgent(config: Config): Promise<void> {
  const startedAt = systemClock.now();
  const log = createLog(
    (line) => process.stderr.write(line),
    () => systemClock.now(),
  );
  const jobsDir = join(config.work_dir, "jobs");
  await systemFiles.makeFolder(config.work_dir, 0o700);
  const unlock = await lockFolder(config.work_dir);
  const sandbox = await openSandbox(config.sandbox, {
    workDir: config.work_dir,
    node: process.execPath,
    slots: config.slots,
  });
  await clearAway(jobsDir, sandbox, log);

  const clients = { sqs: createSqsClients(), s3: createS3Clients(), http: createSystemHttp() };
  const objects = openBucket(clients.s3, config.bucket);
  const { store, close: closeStore } = openStore(config);
  const processes = createProcesses(sandbox);
  const installation = installationOf(process.env);
  const machineName = installation?.instance ?? config.instance_id;
  const orders = new Orders({ store, clock: systemClock, log }, machineName);
  const context = await openContext(config, jobsDir, clients, { objects, store, log, processes, orders });
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
  unlock();
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

/** What an agent that was killed left behind: programs, then their files. No other job may get to see them. */
async function clearAway(jobsDir: string, sandbox: Sandbox, log: Log): Promise<void> {
  const ended = await endAll(() => survivors(`${jobsDir}/`, (uid) => sandbox.users?.has(uid) ?? false));
  if (ended > 0) log.warn("agent.survivors-ended", { processes: ended });
  await systemFiles.remove(jobsDir);
  await systemFiles.makeFolder(jobsDir, 0o711); // a program's user finds its own folder, and lists no other
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
    processes,
    orders,
  }: { objects: Objects; store: Store; log: Log; processes: Processes; orders: Orders },
): Promise<AgentContext & { activity: TalliedActivity }> {
  const tools = {
    clock: systemClock,
    random: systemRandom,
    files: systemFiles,
    http,
    processes,
  };
  const place = { instanceId: config.instance_id, folder: config.work_dir };
  const activity = new TalliedActivity({ ...tools, store, log }, place);
  const opened = openQueue(sqs, config.queues.requests);
  const [requests, retentionS, responses, deliveries, dead, catalog, key] = await Promise.all([
    opened,
    opened.then((it) => it.retentionS()).catch(unanswered),
    openQueue(sqs, config.queues.responses),
    openQueue(sqs, config.queues.deliveries),
    openQueue(sqs, config.queues.dead),
    readCatalog(systemFiles, config.services_dir, machine()),
    keyOf(objects),
    activity.open(),
    orders.refresh(),
  ]);
  return {
    ...tools,
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
