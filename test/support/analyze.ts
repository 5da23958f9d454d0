import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Readable } from "node:stream";
import { findFfmpeg } from "../../services/analyze/ffmpeg.ts";
import type { Report } from "../../services/analyze/report.ts";

export const analyzeFolder = join(import.meta.dirname, "../../services/analyze");

/**
 * Installs the service's packages when they are missing: about 8 s and 177 MB over the network, once. npm writes
 * node_modules/.package-lock.json last, so it stands for all; flock lets one test file install and the others wait.
 */
export function installAnalyze(): void {
  const install = "test -f node_modules/.package-lock.json || npm run --silent setup";
  const cache = join(analyzeFolder, ".cache");
  mkdirSync(cache, { recursive: true });
  execFileSync("flock", [join(cache, "install.lock"), "sh", "-c", install], {
    cwd: analyzeFolder,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/** Path of the sample clip with real smiles; fetched on first use. */
export function sampleVideo(): string {
  return execFileSync("npm", ["run", "--silent", "sample"], { cwd: analyzeFolder, encoding: "utf8" }).trim();
}

/** Makes a video with the ffmpeg that the service itself would use. */
export function makeVideo(args: readonly string[], file: string): string {
  execFileSync(findFfmpeg(process.env["PATH"] ?? ""), ["-v", "error", "-nostdin", "-y", ...args, file]);
  return file;
}

/** Says of a video that its camera was turned by a right angle. Before version 6 ffmpeg knew another word for it. */
export function turnVideo(from: string, to: string): void {
  const options = execFileSync(findFfmpeg(process.env["PATH"] ?? ""), ["-v", "error", "-h", "full"], {
    encoding: "utf8",
    maxBuffer: 16 * 1024 * 1024,
  });
  const copy = ["-i", from, "-c", "copy"];
  if (options.includes("display_rotation")) makeVideo(["-display_rotation:v:0", "90", ...copy], to);
  else makeVideo([...copy, "-metadata:s:v:0", "rotate=90"], to);
}

/** Starts the program as an agent does, with descriptor 3 for progress. */
export function startAnalyze(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [join(analyzeFolder, "analyze.ts"), ...args], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] ?? "", ...env },
  });
}

export interface Outcome {
  exitCode: number | null;
  stdout: string;
  stderr: string;
  progress: number[];
}

export async function runAnalyze(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const child = startAnalyze(args, env);
  const exit = new Promise<number | null>((settle) => child.once("close", settle));
  const [stdout, stderr, progress] = await Promise.all([
    text(child.stdout ?? Readable.from([])),
    text(child.stderr ?? Readable.from([])),
    text(progressOf(child)),
  ]);
  return {
    exitCode: await exit,
    stdout,
    stderr,
    progress: progress
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line).progress),
  };
}

export function progressOf(child: ChildProcess): Readable {
  const stream = child.stdio[3];
  if (stream === null || stream === undefined || !("read" in stream))
    throw new Error("descriptor 3 is not open");
  return stream;
}

/** The report of an analysis that must succeed. */
export async function analyzed(args: readonly string[], env: Record<string, string> = {}): Promise<Report> {
  const { exitCode, stdout, stderr } = await runAnalyze(args, env);
  if (exitCode !== 0) throw new Error(`analyze ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout);
}
