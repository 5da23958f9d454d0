import type { Clock } from "../../base/clock.ts";
import type { ChildHandle, Exceeded, Processes, ProcessExit, SpawnOptions } from "../../base/processes.ts";

/** How one program behaves: `takesMs` Infinity for one that never ends by itself. */
export interface Behaviour {
  takesMs: number;
  code?: number;
  signal?: string;
  stdout?: string | Uint8Array;
  stderr?: string;
  /** The bound it broke and was ended for. */
  exceeded?: Exceeded;
  /** Does not leave on SIGTERM. */
  stubborn?: boolean;
}

export interface ScriptedProcesses extends Processes {
  readonly started: readonly { argv: readonly string[]; options: SpawnOptions }[];
  /** Programs that run right now, and the most that ever did at once. */
  readonly running: number;
  readonly mostRunning: number;
  readonly killed: readonly string[];
}

/** Programs that exist on paper only and end by the given clock. */
export function createScriptedProcesses(
  clock: Clock,
  script: (argv: readonly string[], options: SpawnOptions) => Behaviour,
): ScriptedProcesses {
  const started: { argv: readonly string[]; options: SpawnOptions }[] = [];
  const killed: string[] = [];
  let running = 0;
  let mostRunning = 0;
  const spawn = async (argv: readonly string[], options: SpawnOptions): Promise<ChildHandle> => {
    started.push({ argv, options });
    const {
      takesMs,
      code = 0,
      signal = null,
      stdout = "",
      stderr = "",
      exceeded,
      stubborn,
    } = script(argv, options);
    running++;
    mostRunning = Math.max(mostRunning, running);
    const all = Buffer.from(stdout);
    const kept = all.subarray(0, options.maxStdoutBytes);
    const output = {
      stdout: kept,
      stdoutTruncated: kept.length < all.length,
      stderrTail: Buffer.from(stderr).subarray(-options.maxStderrBytes),
      ...(exceeded === undefined ? {} : { exceeded }),
    };
    const { promise: exited, resolve } = Promise.withResolvers<ProcessExit>();
    let over = false;
    const end = (exit: Pick<ProcessExit, "code" | "signal">) => {
      if (over) return;
      over = true;
      running--;
      resolve({ ...exit, ...output });
    };
    const cancel = Number.isFinite(takesMs)
      ? clock.after(takesMs, () => end({ code: signal === null ? code : null, signal }))
      : () => undefined;
    return {
      pid: started.length,
      exited,
      kill: (by) => {
        killed.push(by);
        if (by === "SIGTERM" && stubborn === true) return;
        cancel();
        end({ code: null, signal: by });
      },
    };
  };
  return {
    spawn,
    started,
    killed,
    get running() {
      return running;
    },
    get mostRunning() {
      return mostRunning;
    },
  };
}
