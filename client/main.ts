import { join, resolve } from "node:path";
import type { Config } from "../base/config/config.ts";
import { codeOf } from "../base/errors.ts";
import type { DroverError } from "../base/errors.ts";
import { systemFiles } from "../base/system/files.ts";
import { root } from "../base/system/root.ts";
import { loadSettings } from "../base/system/settings.ts";
import type { JobRequest } from "../schemas/request.ts";
import type { ServiceManifest } from "../schemas/service.ts";
import { readLines } from "./batch/lines.ts";
import { createProgress } from "./batch/progress.ts";
import { createReport } from "./batch/report.ts";
import { runBatch } from "./batch/run.ts";
import { checkAgainst, checkJob } from "./check.ts";
import type { CheckedJob } from "./check.ts";
import { explained } from "./cloud-errors.ts";
import { readCommandLine } from "./command.ts";
import type { Invocation } from "./command.ts";
import type { Connection } from "./connect/main.ts";
import { exitCodeOf } from "./exit.ts";
import type { JobFlags } from "./flags.ts";
import { ask, interruptible, processTerminal } from "./process-io.ts";
import { RefusedRequest } from "./refusal.ts";
import { runOne, runWaitFor } from "./run.ts";
import type { RunTools } from "./run.ts";
import { withSecrets } from "./secrets.ts";
import { loadManifest } from "./services.ts";
import { plain } from "../base/plain.ts";
import type { Terminal } from "./terminal.ts";

/** `submit-job`. Resolves to the exit code; never rejects. */
export async function main(argv: readonly string[]): Promise<number> {
  const terminal = processTerminal();
  let connection: Connection | undefined;
  try {
    const invocation = readCommandLine(argv, (text) => terminal.out(text));
    if (invocation === undefined) return 0;
    const { services } = invocation;
    const config = loadSettings(root, invocation.config, {
      services_dir: services === false ? undefined : services,
    });
    const tools: RunTools = {
      terminal,
      check: createCheck(invocation, config),
      connect: async () => {
        // Loaded late: the SDK takes longer to load than a dry run, or a refusal, takes in all.
        const { openConnection } = await import("./connect/main.ts");
        connection = await openConnection({ requestQueue: config.queues.requests, bucket: config.bucket });
        return connection;
      },
      interruptible,
    };
    return await dispatch(invocation, tools);
  } catch (error) {
    return complain(error, terminal);
  } finally {
    connection?.close();
  }
}

async function dispatch(invocation: Invocation, tools: RunTools): Promise<number> {
  if (invocation.waitFor !== undefined) return await runWaitFor(invocation.waitFor, invocation, tools);
  const flags = await withSecrets(invocation.flags, {
    env: process.env,
    from: invocation.from,
    readLine: async (path) => firstLine(await systemFiles.read(resolve(path), { maxBytes: 4096 })),
    ask,
  });
  if (invocation.batch === undefined) return await runOne(flags, invocation, tools);
  return await batch(invocation.batch, flags, invocation, tools);
}

async function batch(
  path: string,
  defaults: JobFlags,
  invocation: Invocation,
  tools: RunTools,
): Promise<number> {
  const { terminal } = tools;
  const source = path === "-" ? process.stdin : systemFiles.readStream(resolve(path));
  const lines = await readLines(source as AsyncIterable<Uint8Array>);
  const watched = terminal.errIsScreen && !invocation.json;
  const progress = createProgress(watched ? process.stderr : undefined, {
    toScreen: terminal.outIsScreen,
    line: (text) => terminal.out(text),
  });
  const report = createReport(terminal, progress, { json: invocation.json, where: path });
  const batchTools = { report, progress, check: tools.check, connect: tools.connect };
  return await tools.interruptible((signal) =>
    runBatch(lines, batchTools, {
      defaults,
      signal,
      skipInvalid: invocation.skipInvalid,
      dryRun: invocation.dryRun,
      ...(invocation.wait ? { waitMs: invocation.timeoutMs } : {}),
    }),
  );
}

/** Contract and manifest, each manifest read once. */
function createCheck({ services }: Invocation, config: Config): (request: JobRequest) => Promise<CheckedJob> {
  const known = new Map<string, Promise<ServiceManifest | undefined>>();
  return async (request) => {
    const job = checkJob(request); // first: only then is the service's name one that may become a path
    if (services === false) return job;
    let manifest = known.get(request.service);
    if (manifest === undefined) {
      manifest = manifestOf(request.service, config.services_dir);
      known.set(request.service, manifest);
    }
    const found = await manifest;
    if (found !== undefined) checkAgainst(found, request);
    return job;
  };
}

/**
 * A folder that was named decides what services there are. Without one, the services that come with Drover are
 * checked by their manifests, and other names are left to the fleet, which may well know more.
 */
async function manifestOf(service: string, folder: string): Promise<ServiceManifest | undefined> {
  try {
    return await loadManifest(systemFiles, folder, service);
  } catch (error) {
    if (codeOf(error) !== "service-unknown") throw error;
    if (folder === join(root, "services")) return undefined;
    throw new RefusedRequest([error as DroverError]);
  }
}

function complain(error: unknown, terminal: Terminal): number {
  const known = explained(error);
  const faults = known instanceof RefusedRequest ? known.faults : [known];
  for (const { code, message } of faults) terminal.err(`${code}: ${plain(message, true)}\n`);
  return exitCodeOf(known);
}

function firstLine(bytes: Uint8Array): string {
  return (Buffer.from(bytes).toString().split("\n")[0] ?? "").replace(/\r$/, "");
}
