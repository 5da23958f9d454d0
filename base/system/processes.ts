import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { codeOf } from "../errors.ts";
import type { ChildHandle, Processes, ProcessExit, SpawnOptions } from "../processes.ts";
import { keepHead, keepTail } from "./captured.ts";
import { Confined, handOver, statusOf } from "./sandbox/confined.ts";
import { inherited } from "./sandbox/inherited.ts";
import { findProgram } from "./sandbox/programs.ts";
import type { ConfinedOptions, Launch, Sandbox } from "./sandbox/sandbox.ts";
import { MARK } from "./sandbox/survivors.ts";

/** How long the output of a program that has ended may still trickle in before a grandchild is blamed. */
const LEAKED_PIPE_MS = 250;
/** What the program itself left is a pipe's content, read in one round; whoever still writes then is another. */
const LEAKED_PIPE_ROUNDS = 8;

/**
 * Real child processes, straight on node:child_process: starting a job's program is what Drover exists for,
 * and a general library costs as much again as the start itself.
 * @param sandbox for programs with bounds; without it they run as any other
 */
export function createProcesses(sandbox?: Sandbox): Processes {
  return {
    spawn: async (argv, options) => {
      if (sandbox !== undefined && isBounded(options)) return await spawnConfined(sandbox, argv, options);
      const child = start({ argv, env: options.env }, options.cwd);
      await started(child);
      return handle(child, options);
    },
  };
}

export const systemProcesses = createProcesses();

function isBounded(options: SpawnOptions): options is ConfinedOptions {
  return options.bounds !== undefined;
}

async function spawnConfined(
  sandbox: Sandbox,
  argv: readonly string[],
  options: ConfinedOptions,
): Promise<ChildHandle> {
  const { bounds, cwd } = options;
  const [name = "", ...args] = argv;
  const program = findProgram(name, options.env["PATH"] ?? "", cwd);
  await sandbox.ready?.();
  const uid = sandbox.users?.take();
  try {
    if (uid !== undefined) await handOver(bounds, uid);
    const env = { ...options.env, [MARK]: `${bounds.folder}/` };
    const launch = sandbox.launch([program, ...args], { ...options, env }, uid);
    const child = start(launch, cwd, inherited());
    await started(child);
    const pid = child.pid ?? 0;
    const status = statusOf(child, launch.statusFd);
    const { initDepth } = launch;
    const confined = new Confined(sandbox, bounds, uid, { pid, status, initDepth }, (signal) =>
      killGroup(pid, signal),
    );
    return handle(child, options, confined);
  } catch (error) {
    if (uid !== undefined) sandbox.users?.giveBack(uid);
    throw error;
  }
}

/** @param covered descriptors of this process that the child would get as well */
function start({ argv, env, statusFd, file }: Launch, cwd: string, covered: readonly number[] = []) {
  const [program = "", ...args] = argv;
  const opened: number[] = [];
  const open = (path: string) => opened[opened.push(openSync(path, "r")) - 1] ?? -1;
  try {
    const stdio: ("ignore" | "pipe" | number)[] = ["ignore", "pipe", "pipe"];
    if (covered.length > 0) {
      const nothing = open("/dev/null");
      for (const fd of covered) stdio[fd] = nothing;
    }
    if (statusFd !== undefined) stdio[statusFd] = "pipe";
    if (file !== undefined) stdio[file.fd] = open(file.path);
    // A descriptor for which nothing is said stays closed. `detached`: the child leads a process group of its own.
    return spawn(program, args, {
      cwd,
      env,
      detached: true,
      stdio: Array.from(stdio, (it) => it ?? "ignore"),
    });
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

function started(child: ChildProcess): Promise<void> {
  if (child.pid !== undefined) return Promise.resolve();
  return new Promise((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
}

function handle(child: ChildProcess, options: SpawnOptions, confined?: Confined): ChildHandle {
  const pid = child.pid ?? 0;
  const stdout = keepHead(child.stdout, options.maxStdoutBytes);
  const stderr = keepTail(child.stderr, options.maxStderrBytes);
  const seen = () => stdout.seen() + stderr.seen();
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once("exit", (code, signal) => {
      killGroup(pid, "SIGKILL"); // what the program left behind in its group
      const read = allRead(child, seen, options.maxStdoutBytes);
      const ending = confined?.ended(code, signal) ?? Promise.resolve({ code, signal });
      resolve(
        Promise.all([ending, read]).then(([how]) => ({
          ...how,
          ...stdout.kept(),
          stderrTail: stderr.kept(),
        })),
      );
    });
  });
  return {
    pid,
    exited,
    kill: (signal) => {
      if (confined === undefined) killGroup(pid, signal);
      else if (signal === "SIGKILL") confined.kill();
      else confined.terminate();
    },
  };
}

/** Resolves when the output is complete, or when only a grandchild that keeps the pipe open can delay its end. */
function allRead(child: ChildProcess, seen: () => number, maxBytes: number): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const finish = () => {
      clearTimeout(timer);
      for (const stream of child.stdio) stream?.destroy();
      resolve();
    };
    // While bytes come there is something to read: this process may have been the slow one.
    let rounds = 0;
    const unlessReading = (before: number) => {
      const now = seen();
      if (now === before || now - before > maxBytes || ++rounds === LEAKED_PIPE_ROUNDS) finish();
      else timer = setTimeout(unlessReading, LEAKED_PIPE_MS, now);
    };
    timer = setTimeout(unlessReading, LEAKED_PIPE_MS, seen());
    child.once("close", finish);
  });
}

function killGroup(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Gone already, or (EPERM) a program that has made itself another user's: not ours to end.
    if (!["ESRCH", "EPERM"].includes(codeOf(error) ?? "")) throw error;
  }
}
