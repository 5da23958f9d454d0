import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A process that the benchmark started. */
export interface Started {
  readonly pid: number;
  /** Milliseconds of `performance.now()` at which it was started. */
  readonly startedAt: number;
  /** Everything it wrote so far, both outputs, by lines. */
  readonly lines: readonly string[];
  /** The first line that matches, also an earlier one; rejects when the process ends without. */
  line(pattern: RegExp): Promise<string>;
  /** Asks it to leave, insists after `graceMs`, resolves when it is gone. */
  end(graceMs?: number): Promise<void>;
}

const running = new Set<ChildProcess>();

// Also when the benchmark itself fails or is interrupted nothing of it stays behind.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

export function start(argv: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Started {
  const [program = "", ...args] = argv;
  const startedAt = performance.now();
  const child = spawn(program, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const gone = once(child, "close").then(() => running.delete(child));
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      for (const check of waiting) check();
    });
  }
  return {
    pid: child.pid ?? 0,
    startedAt,
    lines,
    line: (pattern) =>
      new Promise((found, failed) => {
        const check = () => {
          const line = lines.find((it) => pattern.test(it));
          if (line === undefined) return;
          waiting.delete(check);
          found(line);
        };
        waiting.add(check);
        void gone.then(() => failed(new Error(`${argv.join(" ")} ended:\n${lines.slice(-20).join("\n")}`)));
        check();
      }),
    end: async (graceMs = 10_000) => {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await gone;
      clearTimeout(timer);
    },
  };
}
