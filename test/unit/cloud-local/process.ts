import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";

const PROGRAM = join(import.meta.dirname, "run-cloud.ts");

export interface CloudProcess {
  child: ChildProcess;
  ready: { endpoint: string; region: string; dir: string; imds?: string };
  /** Ends it and resolves to its exit code and signal. */
  end: (signal: "SIGTERM" | "SIGINT" | "SIGKILL") => Promise<[code: number | null, signal: string | null]>;
}

/** `drover cloud …` as a process of its own, killed when the test is over. */
export async function cloudProcess(...flags: string[]): Promise<CloudProcess> {
  const child = spawn(process.execPath, [PROGRAM, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit") as Promise<[number | null, string | null]>;
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), "line"),
    exited.then(([code]) => Promise.reject(new Error(`the cloud ended at once with ${code}`))),
  ])) as [string];
  return {
    child,
    ready: JSON.parse(line) as CloudProcess["ready"],
    end: (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}

/** Runs a command to its end. */
export async function run(
  ...flags: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [PROGRAM, ...flags]);
  const out = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (out.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (out.stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...out };
}
