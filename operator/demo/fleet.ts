import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { once } from "node:events";
import { DroverError } from "../../base/errors.ts";

/** A process of the demonstration: one of Drover's own commands, as a person would start it. */
export interface Player {
  readonly name: string;
  /** Resolves to the first line of its output that the pattern matches. Rejects when that takes too long. */
  line(pattern: RegExp, patience?: Patience): Promise<string>;
  /** SIGTERM, and the end of the process; resolves to its exit code. */
  stop(): Promise<number | null>;
}

/** How long something may take, and what to say of a player when it takes longer. */
export interface Patience {
  ms: number;
  else: string;
}

/** A busy machine starts a process in seconds rather than in tenths of one. */
const TO_BE_READY: Patience = { ms: 60_000, else: "was not ready" };
/** A busy machine may take minutes for the ten seconds of video. */
export const TO_HAVE_A_RESULT: Patience = { ms: 150_000, else: "had no result" };
/** Longest it may take to leave. */
const LEAVE_MS = 20_000;

/** Starts `drover <args>` with our own runtime. Its lines are kept, and shown when something goes wrong. */
export function startPlayer(name: string, args: readonly string[], env: NodeJS.ProcessEnv): Player {
  const child = spawn(process.execPath, [process.argv[1] ?? "", ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      for (const listener of listeners) listener(line);
    });
  }
  const gone = once(child, "exit");
  return {
    name,
    line: (pattern, patience = TO_BE_READY) => firstLine(name, child, lines, listeners, pattern, patience),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), LEAVE_MS);
      await gone;
      clearTimeout(timer);
      return child.exitCode;
    },
  };
}

function firstLine(
  name: string,
  child: ChildProcess,
  lines: string[],
  listeners: Set<(line: string) => void>,
  pattern: RegExp,
  patience: Patience,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      listeners.delete(onLine);
      child.off("exit", onExit);
      settle();
    };
    const fail = (why: string) =>
      finish(() =>
        reject(new DroverError("demo-failed", `${name} ${why}. It said:\n${lines.slice(-20).join("\n")}`)),
      );
    const onLine = (line: string) => {
      if (pattern.test(line)) finish(() => resolve(line));
    };
    const onExit = () => fail("ended too early");
    const timer = setTimeout(() => fail(`${patience.else} within ${patience.ms / 1000} s`), patience.ms);
    const known = lines.find((line) => pattern.test(line));
    if (known !== undefined) return onLine(known);
    listeners.add(onLine);
    child.once("exit", onExit);
  });
}
