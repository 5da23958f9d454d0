import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { codeOf, DroverError, reasonOf } from "../../base/errors.ts";
import { readEc2Settings } from "./ec2/settings-file.ts";
import { runningCloud } from "./folder.ts";
import type { NastyOptions } from "./nasty/faults.ts";
import { readNasty } from "./nasty/profile.ts";
import type { ProvisionedQueue } from "./provision.ts";
import { startCloud, type RunningCloud } from "./server.ts";

/** Exit codes: 0 fine · 1 failed · 64 wrong usage · 69 no cloud runs there, or another one does (sysexits.h). */
const FAILED = 1;
const USAGE = 64;
const UNAVAILABLE = 69;
const unavailable = new Set(["cloud-not-running", "cloud-folder-in-use", "cloud-port-in-use"]);

interface Flags {
  dir: string;
  port: number;
  queue?: ProvisionedQueue[];
  bucket?: string[];
  nasty?: NastyOptions;
  imds?: number | true;
  ec2?: string;
}

/** `drover cloud …` and `drover cloud env …`; `argv` is what follows `cloud`. Resolves to the exit code. */
export async function main(argv: string[]): Promise<number> {
  try {
    await commands().parseAsync(argv, { from: "user" });
    return 0;
  } catch (error) {
    // Commander has printed its own message; --help ends with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
    const code = error instanceof DroverError ? ` [${error.code}]` : "";
    process.stderr.write(`drover cloud: ${reasonOf(error)}${code}\n`);
    return unavailable.has(codeOf(error) ?? "") ? UNAVAILABLE : FAILED;
  }
}

function commands(): Command {
  const cloud = new Command("drover cloud")
    .description("Run the embedded cloud: SQS, S3, SimpleDB and EC2 on 127.0.0.1, kept in a folder.")
    .enablePositionalOptions()
    .exitOverride()
    .option("--dir <folder>", "where the cloud keeps everything", ".drover/cloud")
    .option("--port <number>", "port to listen on; 0 takes any free one", readPort, 0)
    .option("--queue <name[=deadletters]>", "create this queue when missing (repeatable)", addQueue)
    .option("--bucket <name>", "create this bucket when missing (repeatable)", addText)
    .option("--imds [port]", "serve an instance's metadata (IMDSv2) on a port of its own", readPort)
    .option("--ec2 <file>", "how EC2 behaves, as JSON: boot delays, capacity, limits, throttling, …")
    .option("--nasty <seed[:profile]>", "make things go wrong as AWS may: mild, harsh or FAULT=RATE,…", nasty)
    .addHelpText(
      "after",
      `
Examples:
  drover cloud --dir /tmp/cloud --queue jobs=jobs-dead --bucket results
  eval "$(drover cloud env --dir /tmp/cloud)"     point AWS tools in this shell at it`,
    )
    .action((flags: Flags) => run(flags));
  cloud
    .command("env")
    .description("Print the environment that points AWS tools at the running cloud.")
    .exitOverride()
    .option("--dir <folder>", "the cloud's folder", ".drover/cloud")
    .action(({ dir }: { dir: string }) => printEnvironment(dir));
  return cloud;
}

const addText = (text: string, before: readonly string[] = []) => [...before, text];

function addQueue(text: string, before: readonly ProvisionedQueue[] = []): ProvisionedQueue[] {
  const [name = "", deadLetter] = text.split("=");
  return [...before, deadLetter === undefined ? { name } : { name, deadLetter }];
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("It must be a number from 0 to 65535.");
}

function nasty(text: string): NastyOptions {
  try {
    return readNasty(text);
  } catch (error) {
    throw new InvalidArgumentError(reasonOf(error));
  }
}

/** Runs until SIGTERM or SIGINT. */
async function run(flags: Flags): Promise<void> {
  // Of a process that moves bodies and keeps none, V8 lets the heap grow far beyond what is alive. With these it
  // collects sooner: 230 MB instead of 440 under 8 clients with batches of 1 MiB. (--optimize-for-size keeps it as
  // small, at the price of a third of the speed.)
  setFlagsFromString("--semi-space-growth-factor=1 --heap-growing-percent=20");
  const asked = Promise.withResolvers<void>();
  const stop = () => asked.resolve();
  process.once("SIGTERM", stop).once("SIGINT", stop);
  try {
    const ec2 = flags.ec2 === undefined ? {} : await readEc2Settings(flags.ec2);
    const cloud = await startCloud({
      dir: resolve(flags.dir),
      port: flags.port,
      provision: { queues: flags.queue ?? [], buckets: flags.bucket ?? [] },
      ec2,
      ...(flags.nasty === undefined ? {} : { nasty: flags.nasty }),
    });
    const { endpoint, region, dir } = cloud;
    const imds = flags.imds === undefined ? undefined : await metadataOf(cloud, flags.imds);
    process.stdout.write(`${JSON.stringify({ endpoint, region, dir, imds })}\n`);
    await asked.promise;
    await cloud.close();
  } finally {
    process.off("SIGTERM", stop).off("SIGINT", stop);
  }
}

async function metadataOf(cloud: RunningCloud, port: number | true): Promise<string> {
  try {
    return (await cloud.startImds(port === true ? {} : { port })).endpoint;
  } catch (error) {
    await cloud.close();
    throw error;
  }
}

async function printEnvironment(folder: string): Promise<void> {
  const { endpoint, region, credentials } = await runningCloud(await realFolder(folder));
  const variables = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region, // what Python's tools read
  };
  for (const [name, value] of Object.entries(variables))
    process.stdout.write(`export ${name}=${quoted(value)}\n`);
}

async function realFolder(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return resolve(folder);
    throw error;
  }
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
