import { join } from "node:path";
import { Command } from "commander";
import type { Config } from "../../base/config/config.ts";
import { createLog, type Log } from "../../base/log.ts";
import { exitCodeOf } from "../../base/system/cli.ts";
import { systemClock } from "../../base/system/clock.ts";
import { keepCompiled } from "../../base/system/compiled.ts";
import { systemFiles } from "../../base/system/files.ts";
import { keepHeapSmall } from "../../base/system/heap.ts";
import { lockFolder } from "../../base/system/lock.ts";
import { root } from "../../base/system/root.ts";
import { openSandbox } from "../../base/system/sandbox/open.ts";
import type { Sandbox } from "../../base/system/sandbox/sandbox.ts";
import { endAll, survivors } from "../../base/system/sandbox/survivors.ts";
import { loadSettings } from "../../base/system/settings.ts";

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
      begin(
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

/** The sandbox takes the longest, and mostly on another processor: the agent itself is loaded meanwhile. */
async function begin(config: Config): Promise<void> {
  keepHeapSmall();
  const startedAt = systemClock.now();
  const log = createLog(
    (line) => process.stderr.write(line),
    () => systemClock.now(),
  );
  const jobsDir = join(config.work_dir, "jobs");
  await systemFiles.makeFolder(config.work_dir, 0o700);
  const unlock = await lockFolder(config.work_dir);
  const opening = openOnCleanGround(config, jobsDir, log);
  opening.catch(() => undefined); // whoever is loaded next awaits it
  await keepCompiled(config.work_dir, root);
  const { runAgent } = await import("../main.ts");
  await runAgent(config, { startedAt, log, jobsDir, opening });
  unlock();
}

async function openOnCleanGround(config: Config, jobsDir: string, log: Log): Promise<Sandbox> {
  const place = { workDir: config.work_dir, node: process.execPath, slots: config.slots };
  const sandbox = await openSandbox(config.sandbox, place);
  await clearAway(jobsDir, sandbox, log);
  return sandbox;
}

/** What an agent that was killed left behind: programs, then their files. No other job may get to see them. */
async function clearAway(jobsDir: string, sandbox: Sandbox, log: Log): Promise<void> {
  const ended = await endAll(() => survivors(`${jobsDir}/`, (uid) => sandbox.users?.has(uid) ?? false));
  if (ended > 0) log.warn("agent.survivors-ended", { processes: ended });
  await systemFiles.remove(jobsDir);
  await systemFiles.makeFolder(jobsDir, 0o711); // a program's user finds its own folder, and lists no other
}
