import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll } from "vitest";

const SOURCE = resolve(import.meta.dirname, "../fixtures/programs/kill-at.c");

/** Every how many of the changes that something makes to the disk it is killed: DROVER_KILL_STRIDE, 1 for all of them. */
export function strideOf(usual: number): number {
  return Number(process.env["DROVER_KILL_STRIDE"] ?? usual);
}

/** `test/fixtures/programs/kill-at.c`, compiled; undefined on machines without a compiler. */
export function compileKillAt(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "drover-kill-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const library = join(folder, "kill-at.so");
  try {
    execFileSync("cc", ["-shared", "-fPIC", "-o", library, SOURCE], { stdio: "pipe" });
    return library;
  } catch {
    return undefined;
  }
}
