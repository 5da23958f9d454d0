import { createReadStream, existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { Command } from "commander";
import type { Config } from "../base/config/config.ts";
import { codeOf, DroverError } from "../base/errors.ts";
import { createLog, type Log } from "../base/log.ts";
import { exitCodeOf } from "../base/system/cli.ts";
import { systemClock } from "../base/system/clock.ts";
import { systemFiles } from "../base/system/files.ts";
import { lockFolder } from "../base/system/lock.ts";
import { systemProcesses } from "../base/system/processes.ts";
import { systemRandom } from "../base/system/random.ts";
import { root, version } from "../base/system/root.ts";
import { loadSettings } from "../base/system/settings.ts";
import { installationOf } from "../bootstrap/installed/installation.ts";
import { notifySystemd } from "../bootstrap/installed/notify-systemd.ts";
import { channelPeriodMs, watchChannel } from "../bootstrap/installed/watch-channel.ts";
import { closeEc2Clients, createCompute, createEc2Clients } from "../cloud/aws/ec2.ts";
import { closeS3Clients, createS3Clients, openBucket } from "../cloud/aws/s3.ts";
import { closeSqsClients, createSqsClients, openQueue } from "../cloud/aws/sqs.ts";
import { openStore } from "../cloud/aws/store.ts";
import type { Store } from "../cloud/ports/store.ts";
import { DecisionLog, type DecisionLine } from "./daemon/decision-log.ts";
import { reportInstalled } from "./daemon/installed.ts";
import { type Difference, replay, type Replayed } from "./daemon/replay.ts";
import { Scaler } from "./daemon/scaler.ts";

const MOST_ON_ONE_MACHINE = 9;

interface Flags {
  config?: string;
  dryRun?: boolean;
  once?: boolean;
}

/** `drover autoscaler …`; resolves to the exit code when the scaler has left. */
export async function main(argv: string[]): Promise<number> {
  let differs = false;
  const command = new Command("drover autoscaler")
    .description("Launch and end instances, so that jobs start in time and nothing runs for nothing.")
    .exitOverride()
    .enablePositionalOptions()
    .option("--config <file>", "settings; drover.yaml in this folder when it is there")
    .option("--dry-run", "decide and say what would be done; write nothing, lead nobody")
    .option("--once", "one round, then leave")
    .addHelpText("after", HELP)
    .action((flags: Flags) => run(loadSettings(root, flags.config, {}), flags));
  command
    .command("replay <log>")
    .description("Make every decision of a log again and say where the outcome differs.")
    .exitOverride()
    .option("--json", "one JSON object, for programs")
    .action(async (log: string, { json }: { json?: boolean }) => {
      if (!existsSync(log)) throw new DroverError("config-invalid", `The file ${log} does not exist.`);
      const replayed = await replay(createInterface({ input: createReadStream(log), crlfDelay: Infinity }));
      process.stdout.write(json === true ? `${JSON.stringify(replayed)}\n` : textOf(replayed));
      differs = replayed.differences.length > 0 || replayed.decisions === 0;
    });
  const code = await exitCodeOf("drover autoscaler", () => command.parseAsync(argv, { from: "user" }));
  return code === 0 && differs ? 1 : code;
}

const HELP = `
Any number may run; one is in charge, another one takes over within two periods when it dies. SIGTERM or Ctrl-C gives
the lead up. Settings stand under autoscaler: in drover.yaml, see docs/autoscaler.md; credentials, region and
AWS_ENDPOINT_URL come from the environment, as for every AWS tool.

Exit codes: 0 fine · 1 failed, or a replayed decision differs · 64 wrong usage or settings · 69 something it needs is not there.

Examples:
  drover autoscaler
  drover autoscaler --dry-run --once
  drover autoscaler replay .drover/work/autoscaler/decisions.jsonl`;

async function run(config: Config, { dryRun = false, once = false }: Flags): Promise<void> {
  const {
    pools,
    launch_template: template,
    log_dir: logDir,
    log_mb: logMb,
    period_s: periodS,
  } = config.autoscaler;
  const startedAt = systemClock.now();
  const log = createLog(
    (line) => process.stderr.write(line),
    () => systemClock.now(),
  );
  const place = logDir === "" ? join(config.work_dir, "autoscaler") : logDir;
  const { folder, unlock } = dryRun ? { folder: "", unlock: () => undefined } : await ownFolder(place);
  log.info("scaler.started", {
    targetWaitS: config.autoscaler.target_wait_s,
    maxInstances: config.autoscaler.max_instances,
    pools: pools.map(({ name }) => name).join(", "),
    log: folder,
  });
  const sqs = createSqsClients();
  const ec2 = createEc2Clients();
  const { store, close } = openStore(config);
  const decisions = new DecisionLog({ files: systemFiles, log }, folder, logMb * 1024 * 1024);
  const decided = async (line: DecisionLine) => {
    log.info("scaler.decided", {
      epoch: line.epoch,
      tick: line.tick,
      sentence: line.sentence,
      notes: line.notes.join("; "),
    });
    if (!dryRun) await decisions.append(line);
  };
  const stop = new AbortController();
  const restore = onSignals(() => stop.abort());
  try {
    const [requests, deliveries] = await Promise.all([
      openQueue(sqs, config.queues.requests),
      openQueue(sqs, config.queues.deliveries),
    ]);
    const compute = createCompute(ec2, { fleet: config.bucket, launch: { template, version: "$Latest" } });
    const me = `${config.instance_id}/${systemRandom.uuid()}`;
    const tools = { clock: systemClock, log, store, compute, queues: { requests, deliveries }, decided };
    const scaler = new Scaler(tools, config.autoscaler, me);
    if (dryRun) await rehearse(scaler, once, periodS, stop.signal);
    else if (!once)
      await Promise.all([
        scaler.run(stop.signal),
        liveInInstallation(config, { log, store }, startedAt, stop.signal),
      ]);
    else if (!(await scaler.once(stop.signal)))
      log.warn("scaler.not-needed", { reason: "another one leads" });
  } finally {
    restore();
    close();
    closeSqsClients(sqs);
    closeEc2Clients(ec2);
    unlock();
  }
}

/** Scalers on one machine keep a log each: the first one in the place itself, others beside it. */
async function ownFolder(place: string): Promise<{ folder: string; unlock: () => void }> {
  for (let number = 1; ; number++) {
    const folder = number === 1 ? place : `${place}-${number}`;
    await systemFiles.makeFolder(folder, 0o700);
    try {
      return { folder, unlock: await lockFolder(folder) };
    } catch (error) {
      if (codeOf(error) !== "folder-in-use" || number === MOST_ON_ONE_MACHINE) throw error;
    }
  }
}

/** What a scaler does because boot.sh has installed it, until the signal aborts; nothing for one that was started by hand. */
async function liveInInstallation(
  config: Config,
  { log, store }: { log: Log; store: Store },
  startedAt: number,
  signal: AbortSignal,
): Promise<void> {
  const installation = installationOf(process.env);
  if (installation === undefined) return;
  const s3 = createS3Clients();
  const objects = openBucket(s3, config.bucket);
  const tools = {
    clock: systemClock,
    random: systemRandom,
    files: systemFiles,
    processes: systemProcesses,
    log,
  };
  const facts = { instanceId: config.instance_id, version, periodS: config.status_period_s, startedAt };
  await Promise.all([
    reportInstalled({ ...tools, store }, installation, facts, signal),
    watchChannel({ ...tools, objects }, installation.home, signal, channelPeriodMs(process.env)),
    notifySystemd(tools, process.env, signal),
  ]);
  closeS3Clients(s3);
}

async function rehearse(scaler: Scaler, once: boolean, periodS: number, signal: AbortSignal): Promise<void> {
  await scaler.rehearse();
  if (once) return;
  while (!signal.aborted) {
    await systemClock.sleep(periodS * 1000, signal).catch(() => undefined);
    if (!signal.aborted) await scaler.rehearse();
  }
}

function onSignals(leave: () => void): () => void {
  process.on("SIGTERM", leave);
  process.on("SIGINT", leave);
  return () => {
    process.off("SIGTERM", leave);
    process.off("SIGINT", leave);
  };
}

function textOf({ decisions, differences, unreadable }: Replayed): string {
  const lines = [
    ...differences.map(difference),
    ...unreadable.map(({ line, reason }) => `line ${line} is no decision: ${reason}\n`),
    `${decisions} decisions, ${differences.length} differ\n`,
  ];
  return lines.join("");
}

const difference = ({ line, time, was, is }: Difference): string =>
  `line ${line}, ${time}\n  was: ${was.sentence}\n       ${JSON.stringify(was.actions)}\n  is:  ${is.sentence}\n       ${JSON.stringify(is.actions)}\n`;
