import { resolve } from "node:path";
import { Command } from "commander";
import { execa } from "execa";
import type { Config } from "../../base/config/config.ts";
import { DroverError } from "../../base/errors.ts";
import { exitCodeOf } from "../../base/system/cli.ts";
import { systemClock } from "../../base/system/clock.ts";
import { root } from "../../base/system/root.ts";
import { loadSettings } from "../../base/system/settings.ts";
import { closeSqsClients, createSqsClients, openQueue } from "../../cloud/aws/sqs.ts";
import { openStore } from "../../cloud/aws/store.ts";
import { startCloud } from "../../cloud/local/server.ts";
import { setUp } from "../setup/main.ts";
import { takePicture } from "../status/status.ts";
import { statusLine } from "./status-line.ts";

interface Flags {
  config?: string;
  dir: string;
  port: string;
  services?: string;
  slots?: string;
  instances?: string;
  ec2?: string;
}

/** `drover up`: the whole fleet on this machine, in the foreground. */
export function main(argv: string[]): Promise<number> {
  const command = new Command("drover up")
    .description("Run the embedded cloud and one agent here, in the foreground. Ctrl-C drains and leaves.")
    .exitOverride()
    .option("--config <file>", "settings; drover.yaml in this folder when it is there")
    .option("--dir <folder>", "where the cloud and the agent keep everything", ".drover")
    .option("--port <n>", "port of the cloud; 0: any free one", "0")
    .option("--services <folder>", "one folder for each service")
    .option("--slots <n>", "programs at the same time; 0: one for each processor")
    .option(
      "--instances <n>",
      "machines instead of one agent, each booted from a release in the cloud's S3; 0: none, for an autoscaler",
    )
    .option("--ec2 <file>", "with --instances: how the cloud's EC2 behaves; see docs/embedded-cloud.md")
    .action(async ({ instances, ...flags }: Flags) => {
      const config = loadSettings(root, flags.config, { services_dir: flags.services, slots: flags.slots });
      if (instances === undefined) return await up(config, flags);
      const count = Number(instances);
      if (!Number.isInteger(count) || count < 0 || count > 64)
        throw new DroverError("config-invalid", "--instances must be a number from 0 to 64.");
      const { upInstances } = await import("../instances/main.ts");
      await upInstances(config, { ...flags, instances: count });
    });
  return exitCodeOf("drover up", () => command.parseAsync(argv, { from: "user" }));
}

async function up(config: Config, flags: Flags): Promise<void> {
  const dir = resolve(flags.dir);
  const cloudDir = `${dir}/cloud`;
  const cloud = await startCloud({ dir: cloudDir, port: Number(flags.port) });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: cloud.endpoint,
    AWS_ACCESS_KEY_ID: cloud.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: cloud.credentials.secretAccessKey,
    AWS_REGION: cloud.region,
  });
  try {
    await setUp(config);
    const agent = startAgent(config, `${dir}/work`);
    const bin = `${root}/bin`;
    process.stdout.write(
      `The fleet is up. In another terminal:\n` +
        `  eval "$(${bin}/drover cloud env --dir ${cloudDir})"\n` +
        `  ${bin}/submit-job --service checksum --response=store --wait http://example.org/\n`,
    );
    const restore = forwardSignals(agent);
    const left = new AbortController();
    const exited = agent.finally(() => left.abort());
    await Promise.all([exited, watch(config, left.signal)]);
    restore();
  } finally {
    await cloud.close();
  }
}

/** A process of its own, as on every other machine. It leaves when this one vanishes: its channel closes. */
function startAgent(config: Config, workDir: string) {
  const script = process.argv[1] ?? "";
  const settings = [
    "--work-dir",
    workDir,
    "--services",
    config.services_dir,
    "--slots",
    String(config.slots),
  ];
  return execa(process.execPath, [script, "agent", ...settings], {
    stdio: ["ignore", "inherit", "inherit"],
    ipc: true,
    detached: true, // Ctrl-C reaches us alone: the cloud must outlive the agent's drain
    reject: false,
    cleanup: true,
  });
}

/** The first Ctrl-C drains the agent, the second stops it. */
function forwardSignals(agent: ReturnType<typeof startAgent>): () => void {
  const forward = () => agent.kill("SIGTERM");
  process.on("SIGINT", forward);
  process.on("SIGTERM", forward);
  return () => {
    process.off("SIGINT", forward);
    process.off("SIGTERM", forward);
  };
}

/** Keeps one line on the terminal up to date, once a second; without a terminal it is silent. */
async function watch(config: Config, signal: AbortSignal): Promise<void> {
  if (!process.stdout.isTTY) return;
  const sqs = createSqsClients();
  const { queues } = config;
  const { store, close } = openStore(config);
  const opened = await Promise.all(
    [queues.requests, queues.deliveries, queues.dead].map((it) => openQueue(sqs, it)),
  );
  while (!signal.aborted) {
    const line = await takePicture(opened, store, systemClock).then(
      statusLine,
      () => "the cloud does not answer",
    );
    process.stdout.write(`\r\u001B[2K${line.slice(0, process.stdout.columns - 1)}`);
    await systemClock.sleep(1_000, signal).catch(() => undefined);
  }
  process.stdout.write("\n");
  closeSqsClients(sqs);
  close();
}
