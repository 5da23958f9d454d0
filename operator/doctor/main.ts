import { mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { readCatalog } from "../../agent/admit/catalog.ts";
import { type Clock, withDeadline, withSignal } from "../../base/clock.ts";
import type { Config } from "../../base/config/config.ts";
import { DroverError, reasonOf } from "../../base/errors.ts";
import { exitCodeOf } from "../../base/system/cli.ts";
import { systemClock } from "../../base/system/clock.ts";
import { systemFiles } from "../../base/system/files.ts";
import { createSystemHttp } from "../../base/system/http.ts";
import { root } from "../../base/system/root.ts";
import { isOnPath, sandboxFacts } from "../../base/system/sandbox/facts.ts";
import { openSandbox } from "../../base/system/sandbox/open.ts";
import { loadSettings, machine } from "../../base/system/settings.ts";
import { closeS3Clients, createS3Clients, openBucket } from "../../cloud/aws/s3.ts";
import { closeSqsClients, createSqsClients, openQueue } from "../../cloud/aws/sqs.ts";
import {
  checkClock,
  checkControlGroups,
  checkDisk,
  checkNode,
  checkOptional,
  checkReach,
  checkSandbox,
  checkServices,
} from "./checks.ts";
import { type Finding, showFindings } from "./findings.ts";

/** What does not answer by then is out of reach for the purpose of a look; an agent is more patient. */
const ANSWER_MS = 10_000;

/** `drover doctor`: what this machine gives; exit code 1 when an agent would not work on it. */
export async function main(argv: string[]): Promise<number> {
  let failed = false;
  const command = new Command("drover doctor")
    .description(
      "Say what this machine gives: sandbox, services, disk, clock, and whether the cloud is in reach.",
    )
    .exitOverride()
    .option("--config <file>", "settings; drover.yaml in this folder when it is there")
    .option("--services <folder>", "one folder for each service")
    .option("--work-dir <folder>", "where an agent would work")
    .option("--offline", "leave the cloud out")
    .option("--json", "one JSON object, for programs")
    .addHelpText("after", "\nExit codes: 0 an agent works here · 1 it does not: a line begins with fail.")
    .action(async (flags: Flags) => {
      const config = loadSettings(root, flags.config, {
        services_dir: flags.services,
        work_dir: flags.workDir,
      });
      const findings = await examine(config, flags.offline ?? false);
      failed = findings.some(({ level }) => level === "fail");
      process.stdout.write(
        flags.json ? `${JSON.stringify({ ok: !failed, findings })}\n` : showFindings(findings),
      );
    });
  const code = await exitCodeOf("drover doctor", () => command.parseAsync(argv, { from: "user" }));
  return code === 0 && failed ? 1 : code;
}

interface Flags {
  config?: string;
  services?: string;
  workDir?: string;
  offline?: boolean;
  json?: boolean;
}

async function examine(config: Config, offline: boolean): Promise<Finding[]> {
  const [confinement, free, catalog, cloud] = await Promise.all([
    confine(config),
    freeBytes(config.work_dir),
    readCatalog(systemFiles, config.services_dir, machine()),
    offline ? [] : reach(config),
  ]);
  return [
    checkNode(process.version),
    ...confinement,
    checkDisk(free, config.work_dir),
    ...checkServices(catalog, config.services_dir),
    ...cloud,
    checkOptional("ffmpeg", isOnPath("ffmpeg"), "services that bring none need it"),
    checkOptional("java", isOnPath("java"), "Drover's own tests use it"),
  ];
}

/** Tries the sandbox out as an agent would, in a folder that takes no agent's place. */
async function confine({ sandbox: wish, slots }: Config): Promise<Finding[]> {
  const facts = sandboxFacts();
  const workDir = await mkdtemp(join(tmpdir(), "drover-doctor-"));
  try {
    const { kind, weakness, users } = await openSandbox(wish, { workDir, node: process.execPath, slots });
    const sandbox = { kind, ownUsers: users !== undefined, ...(weakness === undefined ? {} : { weakness }) };
    return [checkSandbox(sandbox, "", facts), checkControlGroups(facts.cgroup)];
  } catch (error) {
    return [checkSandbox(undefined, reasonOf(error), facts), checkControlGroups(facts.cgroup)];
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

/** The folder may not exist yet. */
async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if (folder === dirname(folder)) throw error;
    return await freeBytes(dirname(folder));
  }
}

async function reach({ queues, bucket }: Config): Promise<Finding[]> {
  const sqs = createSqsClients();
  const s3 = createS3Clients();
  const http = createSystemHttp();
  try {
    return await Promise.all([
      cloudSkewMs(http, systemClock).then(checkClock),
      ...Object.values(queues).map((name) =>
        answers(`queue ${name}`, () => openQueue(sqs, name).then((it) => it.counts())),
      ),
      answers(`bucket ${bucket}`, () => openBucket(s3, bucket).list("fleet/", { max: 1 })),
    ]);
  } finally {
    closeSqsClients(sqs);
    closeS3Clients(s3);
    await http.close();
  }
}

async function answers(what: string, ask: () => Promise<unknown>): Promise<Finding> {
  try {
    await limited(ask());
    return checkReach(what, undefined);
  } catch (error) {
    return checkReach(what, reasonOf(error));
  }
}

function limited<T>(answer: Promise<T>): Promise<T> {
  const late = () => new DroverError("cloud-unreachable", `it did not answer within ${ANSWER_MS / 1000} s`);
  return withDeadline(systemClock, ANSWER_MS, late, (signal) => withSignal(signal, answer));
}

/** By the Date of whatever the endpoint answers: no signature is needed for that, nor would a wrong clock make one. */
async function cloudSkewMs(
  http: ReturnType<typeof createSystemHttp>,
  clock: Clock,
): Promise<number | undefined> {
  const region = process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"] ?? "us-east-1";
  const url = process.env["AWS_ENDPOINT_URL"] ?? `https://sqs.${region}.amazonaws.com/`;
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const answer = await http.request({ method: "GET", url, headers: {}, signal });
    await answer.discard();
    const now = Date.parse(answer.headers["date"] ?? "");
    return Number.isNaN(now) ? undefined : clock.now() - now;
  } catch {
    return undefined;
  }
}
