import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { codeOf } from "../errors.ts";
import type { ChildHandle, Processes, ProcessExit, SpawnOptions } from "../processes.ts";

/** How long the output of a program that has ended may still trickle in before a grandchild is blamed. */
const LEAKED_PIPE_MS = 250;

/**
 * Real child processes, straight on node:child_process: starting a job's program is what Drover exists for,
 * and a general library costs as much again as the start itself.
 */
export const systemProcesses: Processes = {
  spawn: async (argv, options) => {
    const [program = "", ...args] = argv;
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env,
      detached: true, // leads a process group of its own
      stdio: ["ignore", "pipe", "pipe"],
    });
    await started(child);
    return handle(child, options);
  },
};

function started(child: ChildProcess): Promise<void> {
  if (child.pid !== undefined) return Promise.resolve();
  return new Promise((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
}

function handle(child: ChildProcess, options: SpawnOptions): ChildHandle {
  const pid = child.pid ?? 0;
  const stdout = keepHead(child.stdout, options.maxStdoutBytes);
  const stderr = keepTail(child.stderr, options.maxStderrBytes);
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once("exit", (code, signal) => {
      killGroup(pid, "SIGKILL"); // what the program left behind in its group
      let timer: NodeJS.Timeout | undefined;
      const finish = () => {
        clearTimeout(timer);
        for (const stream of [child.stdout, child.stderr]) stream?.destroy();
        resolve({ code, signal, ...stdout.kept(), stderrTail: stderr.kept() });
      };
      // While bytes come there is something to read: this process may have been the slow one.
      const unlessReading = (before: number) => {
        const now = stdout.seen() + stderr.seen();
        if (now === before || now - before > options.maxStdoutBytes) finish();
        else timer = setTimeout(unlessReading, LEAKED_PIPE_MS, now);
      };
      timer = setTimeout(unlessReading, LEAKED_PIPE_MS, stdout.seen() + stderr.seen());
      child.once("close", finish);
    });
  });
  return { pid, exited, kill: (signal) => killGroup(pid, signal) };
}

function killGroup(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Gone already, or (EPERM) a program that has made itself another user's: not ours to end.
    if (!["ESRCH", "EPERM"].includes(codeOf(error) ?? "")) throw error;
  }
}

function keepHead(stream: Readable | null, max: number) {
  const chunks: Buffer[] = [];
  let kept = 0;
  let seen = 0;
  stream?.on("data", (chunk: Buffer) => {
    seen += chunk.length;
    if (kept === max) return;
    const part = chunk.subarray(0, max - kept);
    chunks.push(part);
    kept += part.length;
  });
  return {
    seen: () => seen,
    kept: () => ({ stdout: Buffer.concat(chunks), stdoutTruncated: seen > kept }),
  };
}

function keepTail(stream: Readable | null, max: number) {
  let tail: Buffer = Buffer.alloc(0);
  let seen = 0;
  stream?.on("data", (chunk: Buffer) => {
    seen += chunk.length;
    const both = tail.length === 0 ? chunk : Buffer.concat([tail, chunk]);
    tail = both.length > max ? Buffer.from(both.subarray(both.length - max)) : both;
  });
  return { seen: () => seen, kept: () => tail };
}
