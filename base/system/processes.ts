import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { ChildHandle, PreparedProgram, Processes, ProcessExit, SpawnOptions } from "../processes.ts";
import { keepHead, keepTail } from "./captured.ts";
import { Confined, handOver } from "./sandbox/confined.ts";
import { inherited, withNothing } from "./sandbox/inherited.ts";
import { findProgram } from "./sandbox/programs.ts";
import { childRunning, type Running } from "./sandbox/running.ts";
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
  const prepare = async (argv: readonly string[], options: SpawnOptions): Promise<PreparedProgram> => {
    if (sandbox !== undefined && isBounded(options)) return await prepareConfined(sandbox, argv, options);
    const start = async () => {
      const child = await started({ argv, env: options.env }, options.cwd);
      return handle(childRunning(child), options);
    };
    return { start, cancel: () => Promise.resolve() };
  };
  return { prepare, spawn: async (argv, options) => await (await prepare(argv, options)).start() };
}

export const systemProcesses = createProcesses();

function isBounded(options: SpawnOptions): options is ConfinedOptions {
  return options.bounds !== undefined;
}

async function prepareConfined(
  sandbox: Sandbox,
  argv: readonly string[],
  options: ConfinedOptions,
): Promise<PreparedProgram> {
  const { bounds, cwd } = options;
  const [name = "", ...args] = argv;
  const program = findProgram(name, options.env["PATH"] ?? "", cwd);
  await sandbox.ready?.();
  const uid = sandbox.users?.take();
  const giveBack = () => uid !== undefined && sandbox.users?.giveBack(uid);
  try {
    if (uid !== undefined) await handOver(sandbox, bounds, uid);
    const env = { ...options.env, [MARK]: `${bounds.folder}/` };
    const launch = sandbox.launch([program, ...args], { ...options, env }, uid);
    if (sandbox.starter === undefined) return unprepared(sandbox, launch, options, uid, giveBack);
    const running = await sandbox.starter.begin(launch, cwd);
    const confined = new Confined(sandbox, bounds, uid, running);
    const child = handle(running, options, confined);
    return {
      start: async () => {
        confined.begin();
        running.go();
        return await Promise.resolve(child);
      },
      cancel: async () => {
        confined.kill();
        await child.exited;
      },
    };
  } catch (error) {
    giveBack();
    throw error;
  }
}

/** Without a starter nothing can be done ahead. */
function unprepared(
  sandbox: Sandbox,
  launch: Launch,
  options: ConfinedOptions,
  uid: number | undefined,
  giveBack: () => void,
): PreparedProgram {
  const start = async () => {
    try {
      const child = await started(launch, options.cwd, inherited());
      const running = childRunning(child, launch.statusFd, launch.initDepth);
      const confined = new Confined(sandbox, options.bounds, uid, running);
      confined.begin();
      return handle(running, options, confined);
    } catch (error) {
      giveBack();
      throw error;
    }
  };
  return { start, cancel: () => Promise.resolve(giveBack()) };
}

/** @param covered descriptors of this process that the child would get as well */
function startChild({ argv, env, statusFd, file }: Launch, cwd: string, covered: readonly number[]) {
  const [program = "", ...args] = argv;
  return withNothing((nothing) => {
    const stdio: ("ignore" | "pipe" | number)[] = ["ignore", "pipe", "pipe"];
    for (const fd of covered) stdio[fd] = nothing;
    if (statusFd !== undefined) stdio[statusFd] = "pipe";
    const opened = file === undefined ? undefined : openSync(file.path, "r");
    if (file !== undefined && opened !== undefined) stdio[file.fd] = opened;
    try {
      // A descriptor for which nothing is said stays closed. `detached`: the child leads a process group of its own.
      return spawn(program, args, {
        cwd,
        env,
        detached: true,
        stdio: Array.from(stdio, (it) => it ?? "ignore"),
      });
    } finally {
      if (opened !== undefined) closeSync(opened);
    }
  });
}

async function started(launch: Launch, cwd: string, covered: readonly number[] = []): Promise<ChildProcess> {
  const child = startChild(launch, cwd, covered);
  if (child.pid !== undefined) return child;
  return await new Promise((_, reject) => child.once("error", reject));
}

function handle(running: Running, options: SpawnOptions, confined?: Confined): ChildHandle {
  const stdout = keepHead(running.stdout, options.maxStdoutBytes);
  const stderr = keepTail(running.stderr, options.maxStderrBytes);
  const seen = () => stdout.seen() + stderr.seen();
  const exited = running.ended.then(async (end): Promise<ProcessExit> => {
    const read = allRead(running, seen, options.maxStdoutBytes);
    const [how] = await Promise.all([confined?.ended(end) ?? end, read]);
    return { ...how, ...stdout.kept(), stderrTail: stderr.kept() };
  });
  return {
    get pid() {
      return running.first() ?? 0;
    },
    exited,
    ended: running.ended,
    kill: (signal) => {
      if (confined === undefined) running.signal(signal);
      else if (signal === "SIGKILL") confined.kill();
      else confined.terminate();
    },
  };
}

/** Resolves when the output is complete, or when only a grandchild that keeps the pipe open can delay its end. */
function allRead(running: Running, seen: () => number, maxBytes: number): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const finish = () => {
      clearTimeout(timer);
      for (const stream of [running.stdout, running.stderr, running.status]) stream?.destroy();
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
    void running.closed.then(finish);
  });
}
