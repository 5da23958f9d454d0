import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** The path of a program in test/fixtures/programs. */
export function program(name: string): string {
  return join(import.meta.dirname, "../fixtures/programs", name);
}

/** A named pipe; reading it waits until somebody has written. */
export function fifo(folder: string): { path: string; read(): Promise<string> } {
  const path = join(folder, "fifo");
  execFileSync("mkfifo", [path]);
  return { path, read: () => readFile(path, "utf8") };
}

/** Whether a process runs; one that ended and waits for its parent does not. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !/\) [ZX] /.test(stat);
}

/** Resolves when the process has ended. */
export async function gone(pid: number): Promise<void> {
  while (await isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Ends a process that a test let escape on purpose. */
export function endAfterTest(pid: number): void {
  onTestFinished(() => {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself.
    }
  });
}
