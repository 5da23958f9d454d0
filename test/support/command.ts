import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A command that runs as a real process, as a person would start it. */
export interface RunningCommand {
  readonly child: ChildProcessWithoutNullStreams;
  /** The next line of stdout; rejects when the command ends first. */
  nextLine(): Promise<string>;
  /** Resolves when the command has ended and its output is complete. */
  readonly ended: Promise<CommandResult>;
}

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export function startCommand(
  argv: readonly string[],
  options: { env: Record<string, string>; cwd: string; stdin?: string },
): RunningCommand {
  const [program = "", ...rest] = argv;
  const child = spawn(program, rest, {
    env: { PATH: process.env["PATH"], ...options.env },
    cwd: options.cwd,
  });
  child.stdin.on("error", () => undefined).end(options.stdin ?? "");
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    nextLine: async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error(`The command ended without another line. It said: ${stderr}`);
      return value;
    },
    ended: once(child, "close").then(([code]) => ({ code: code as number | null, stdout, stderr })),
  };
}

export async function runCommand(
  argv: readonly string[],
  options: { env: Record<string, string>; cwd: string; stdin?: string },
): Promise<CommandResult> {
  return await startCommand(argv, options).ended;
}
