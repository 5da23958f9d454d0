import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { codeOf } from "../../errors.ts";
import { isOver, lineBelow } from "./proc.ts";

/** How the first process of a program ended; both null when only the program's own report can tell. */
export interface FirstEnd {
  code: number | null;
  signal: string | null;
}

/** What was started for a program, however it was started. */
export interface Running {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** What the sandbox reports, JSON lines. */
  readonly status: Readable | undefined;
  /** Resolves when the first process has ended. */
  readonly ended: Promise<FirstEnd>;
  /** Resolves when nobody can write to any of the streams any more. */
  readonly closed: Promise<void>;
  /** The first process as this one numbers it; undefined while it is not there yet, and when it is gone. */
  first(): number | undefined;
  /** The first process of the job's own namespace, which takes all others with it when it ends. */
  init(): number | undefined;
  initIsOver(): boolean;
  /** From the first process down to that one, as far as they are there. */
  line(): number[];
  /** All processes that may be left of it, and others; undefined: they may be any. */
  around(): number[] | undefined;
  /** To the first process' whole group. */
  signal(name: "SIGTERM" | "SIGKILL"): void;
}

/** A child of this process. @param initDepth see Launch */
export function childRunning(child: ChildProcess, statusFd?: number, initDepth?: number): Running {
  const { stdout, stderr, pid } = child;
  if (stdout === null || stderr === null || pid === undefined) throw new Error("the child has no pipes");
  let init: number | undefined;
  const findInit = () =>
    initDepth === undefined ? undefined : (init ??= lineBelow(pid, initDepth)[initDepth - 1]);
  const status = statusFd === undefined ? undefined : ((child.stdio[statusFd] ?? undefined) as Readable);
  status?.on("data", findInit); // afterwards nobody knows it any more
  return {
    stdout,
    stderr,
    status,
    ended: new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        killGroup(pid, "SIGKILL"); // what the program left behind in its group
        resolve({ code, signal });
      });
    }),
    closed: new Promise((resolve) => {
      child.once("close", () => resolve());
    }),
    first: () => pid,
    init: findInit,
    line: () => [pid, ...lineBelow(pid, initDepth ?? 0)],
    initIsOver: () => init === undefined || isOver(init),
    around: () => undefined,
    signal: (name) => killGroup(pid, name),
  };
}

export function killGroup(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Gone already, or (EPERM) a program that has made itself another user's: not ours to end.
    if (!["ESRCH", "EPERM"].includes(codeOf(error) ?? "")) throw error;
  }
}
