import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Bounds, ChildHandle, ProcessExit } from "../../../../../base/processes.ts";
import { createProcesses } from "../../../../../base/system/processes.ts";
import { candidates } from "../../../../../base/system/sandbox/candidates.ts";
import { systemCallFilter } from "../../../../../base/system/sandbox/filter.ts";
import { isOver } from "../../../../../base/system/sandbox/proc.ts";
import type { Sandbox, SandboxKind } from "../../../../../base/system/sandbox/sandbox.ts";
import { tryOut } from "../../../../../base/system/sandbox/try-out.ts";
import { program } from "../../../../support/fixture-program.ts";
import { tempFolder } from "../../../../support/temp-folder.ts";

/** The kinds of sandbox that work on this machine; says on stderr why another one is not tested. */
export async function workingKinds(): Promise<SandboxKind[]> {
  const kinds: SandboxKind[] = ["bubblewrap", "pid-namespace", "process-group"];
  const working: SandboxKind[] = [];
  const folder = await mkdtemp(join(tmpdir(), "drover-test-"));
  try {
    for (const kind of kinds) {
      const opened = await openKind(kind, folder);
      if (typeof opened !== "string") working.push(kind);
      else if (kind === "bubblewrap" && process.env["DROVER_REQUIRE_BWRAP"] !== undefined)
        throw new Error(opened);
      else process.stderr.write(`not tested here: ${kind}: ${opened}\n`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return working;
}

/** A sandbox of this kind, tried out, or why there is none. */
export async function openKind(kind: SandboxKind, workDir: string): Promise<Sandbox | string> {
  const filter = `${workDir}/filter`;
  await writeFile(filter, systemCallFilter(process.arch));
  const faults: string[] = [];
  for (const candidate of candidates({ workDir, node: process.execPath, slots: 4, filter })) {
    if (candidate.kind !== kind) continue;
    const fault =
      "fault" in candidate ? candidate.fault : await tryOut(candidate, `${workDir}/trial`, process.execPath);
    if (fault === undefined && !("fault" in candidate)) return candidate;
    faults.push(fault ?? "");
  }
  return faults.join("; ");
}

export interface TestJob {
  /** The job's own folder. */
  folder: string;
  work: string;
  start: (argv: readonly string[], options?: StartOptions) => Promise<ChildHandle>;
  /** Runs to the end; stdout and stderr as text. */
  run: (argv: readonly string[], options?: StartOptions) => Promise<TextExit>;
}

export interface StartOptions extends Partial<Bounds> {
  env?: Record<string, string>;
}

export type TextExit = Omit<ProcessExit, "stdout" | "stderrTail"> & { stdout: string; stderr: string };

/** A place for jobs in a sandbox of this kind, as an agent has it. */
export async function openJobs(kind: SandboxKind, place?: string) {
  const workDir = place ?? (await tempFolder());
  const sandbox = await openKind(kind, workDir);
  if (typeof sandbox === "string") throw new Error(sandbox);
  const processes = createProcesses(sandbox);
  const job = async (): Promise<TestJob> => {
    const folder = `${workDir}/jobs/${randomUUID()}`;
    const work = `${folder}/work`;
    await mkdir(work, { recursive: true });
    const start = ([name = "", ...args]: readonly string[], { env, ...bounds }: StartOptions = {}) =>
      processes.spawn([name.includes("/") ? name : program(name), ...args], {
        cwd: work,
        env: { PATH: "/usr/bin:/bin", HOME: work, ...env },
        maxStdoutBytes: 1_000_000,
        maxStderrBytes: 4_000,
        bounds: {
          folder,
          writable: [work],
          readable: [program(""), process.execPath],
          network: false,
          gpu: false,
          maxDiskBytes: 100_000_000,
          maxProcesses: 200,
          maxCpuS: 60,
          ...bounds,
        },
      });
    return {
      folder,
      work,
      start: async (argv, options) => {
        const child = await start(argv, options);
        onTestFinished(() => child.kill("SIGKILL"));
        return child;
      },
      run: async (argv, options) => textOf(await (await start(argv, options)).exited),
    };
  };
  return { workDir, sandbox, job };
}

export function textOf({ stdout, stderrTail, ...rest }: ProcessExit): TextExit {
  return { ...rest, stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderrTail).toString() };
}

/** Processes of the machine whose command line holds the words. */
export function runningWith(words: string): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      if (!Number.isInteger(pid) || pid === process.pid || isOver(pid)) return false;
      const path = `/proc/${pid}/cmdline`;
      return existsSync(path) && readQuietly(path).includes(words);
    });
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** Resolves when the condition holds. The test's own time limit ends a wait in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
