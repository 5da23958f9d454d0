import type { Clock } from "../../base/clock.ts";
import { codeOf, DroverError, reasonOf } from "../../base/errors.ts";
import type {
  ChildHandle,
  Exceeded,
  PreparedProgram,
  Processes,
  ProcessExit,
  SpawnOptions,
} from "../../base/processes.ts";
import type { Failure } from "../../jobs/failure.ts";
import type { ServiceManifest } from "../../schemas/service.ts";
import type { Place } from "./folder.ts";

/** What a program left: its stdout, or the reason why it does not count. */
export type RunOutcome =
  | { ok: true; stdout: Uint8Array; truncated: boolean; runS: number }
  | { ok: false; failure: Failure; runS: number };

export interface RunTools {
  clock: Clock;
  processes: Processes;
}

/** After the deadline's SIGTERM a program has this long to leave before SIGKILL. */
const GRACE_MS = 5_000;
const STDERR_BYTES = 8 * 1024;
const STDERR_SHOWN = 300;

/** One program, which may have to wait for its turn. */
export interface Program {
  /** Does ahead what can be done; folder and input must be there. What goes wrong is told when it is to run. */
  prepare(): void;
  /** To be called once, see runProgram. `onEnded`: the program itself has ended, and leaves its place to the next. */
  run(limitS: number, onEnded?: () => void): Promise<RunOutcome>;
  /** Resolves when nothing of it is left; does nothing once it was run. */
  cancel(): Promise<void>;
}

export function programFor(
  tools: RunTools,
  argv: readonly string[],
  place: Place,
  manifest: ServiceManifest,
  signal: AbortSignal,
): Program {
  const options = { ...place, maxStdoutBytes: manifest.result.maxBytes, maxStderrBytes: STDERR_BYTES };
  let prepared: Promise<PreparedProgram> | undefined;
  let isOver = false;
  const begin = () => (prepared ??= prepareIn(tools.processes, argv, options));
  const cancel = async () => {
    const program = isOver ? undefined : await prepared?.catch(() => undefined);
    isOver = true;
    await program?.cancel();
  };
  const run = async (limitS: number, onEnded?: () => void) => {
    signal.throwIfAborted();
    const program = await begin().catch((error: unknown) => missing(argv, error));
    signal.throwIfAborted();
    if ("code" in program) return { ok: false, failure: program, runS: 0 } as const;
    isOver = true;
    const startedAt = tools.clock.monotonic();
    const child = await program.start().catch((error: unknown) => missing(argv, error));
    if ("code" in child) return { ok: false, failure: child, runS: 0 } as const;
    if (onEnded !== undefined) void child.ended?.then(onEnded);
    return await watch(tools.clock, child, startedAt, manifest, limitS, signal);
  };
  return { prepare: () => void begin().catch(() => undefined), run, cancel }; // run() tells what went wrong
}

/**
 * Runs one program to its end, and to the end of all that it started. At the deadline, or when the signal aborts (lease
 * lost, agent stopping), its process group is stopped: the first reason to end it is the one that counts. Throws the
 * signal's reason after the program is gone; never leaves it behind. Throws `sandbox-failed` when the machine could not
 * confine it.
 */
export async function runProgram(
  tools: RunTools,
  argv: readonly string[],
  place: Place,
  manifest: ServiceManifest,
  limitS: number,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const program = programFor(tools, argv, place, manifest, signal);
  try {
    return await program.run(limitS);
  } finally {
    await program.cancel();
  }
}

async function watch(
  clock: Clock,
  child: ChildHandle,
  startedAt: number,
  manifest: ServiceManifest,
  limitS: number,
  signal: AbortSignal,
): Promise<RunOutcome> {
  let timedOut = false;
  const cancelDeadline = clock.after(limitS * 1000, () => {
    timedOut = true;
    terminate(clock, child);
  });
  // On doubt about the lease nothing may go on: no grace.
  const onAbort = () => child.kill("SIGKILL");
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  const exit = await child.exited;
  cancelDeadline();
  signal.removeEventListener("abort", onAbort);
  signal.throwIfAborted();

  if (exit.notStarted !== undefined) {
    const why = `The program could not be started: ${exit.notStarted}.${lastWords(exit)}`;
    throw new DroverError("sandbox-failed", `${why} Run drover doctor on this machine.`);
  }
  const runS = (clock.monotonic() - startedAt) / 1000;
  const failure = timedOut ? deadlineFailure(limitS, exit) : failureOf(exit, manifest);
  if (failure !== undefined) return { ok: false, failure, runS };
  return { ok: true, stdout: exit.stdout, truncated: exit.stdoutTruncated, runS };
}

async function prepareIn(
  processes: Processes,
  argv: readonly string[],
  options: SpawnOptions,
): Promise<PreparedProgram> {
  if (processes.prepare !== undefined) return await processes.prepare(argv, options);
  return { start: () => processes.spawn(argv, options), cancel: () => Promise.resolve() };
}

/** The failure of a program that is not there. Throws whatever else went wrong. */
function missing([program = ""]: readonly string[], error: unknown): Failure {
  if (codeOf(error) !== "ENOENT" && codeOf(error) !== "EACCES") throw error;
  return {
    code: "program-missing",
    message: `The program ${program} could not be started: ${reasonOf(error)}.`,
  };
}

function terminate(clock: Clock, child: ChildHandle): void {
  child.kill("SIGTERM");
  const cancel = clock.after(GRACE_MS, () => child.kill("SIGKILL"));
  void child.exited.then(cancel);
}

function deadlineFailure(limitS: number, exit: ProcessExit): Failure {
  return {
    code: "program-deadline",
    message: `The program was stopped after ${limitS} s, its limit.${lastWords(exit)}`,
  };
}

function failureOf(exit: ProcessExit, manifest: ServiceManifest): Failure | undefined {
  const exceeded = exit.exceeded ?? (ranOutOfMemory(exit) ? "memory" : undefined);
  if (exceeded !== undefined) return EXCEEDED[exceeded](manifest, lastWords(exit));
  if (exit.signal !== null) {
    const hint = exit.signal === "SIGKILL" ? " The machine may have run out of memory." : "";
    return {
      code: "program-killed",
      message: `The program was ended by ${exit.signal}.${hint}${lastWords(exit)}`,
    };
  }
  if (exit.code !== 0 && manifest.inputFaultExitCodes.includes(exit.code ?? 0)) {
    return { code: "input-unusable", message: `The program cannot use this input.${lastWords(exit)}` };
  }
  if (exit.code !== 0) {
    return {
      code: "program-failed",
      message: `The program ended with exit code ${exit.code}.${lastWords(exit)}`,
    };
  }
  if (manifest.result.kind !== "json") return undefined;
  if (exit.stdoutTruncated) {
    return {
      code: "output-too-large",
      message: `The program wrote more than the ${manifest.result.maxBytes} bytes its service allows.`,
    };
  }
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(exit.stdout));
    return undefined;
  } catch (error) {
    return {
      code: "output-invalid",
      message: `The program promised JSON and wrote something else: ${reasonOf(error)}.`,
    };
  }
}

const EXCEEDED: Record<Exceeded, (manifest: ServiceManifest, words: string) => Failure> = {
  memory: ({ limits }, words) => ({
    code: "program-out-of-memory",
    message: `The program needed more memory than ${limits.memoryBytes === undefined ? "there was" : `the ${limits.memoryBytes} bytes its service allows`}.${words}`,
  }),
  processes: ({ limits }, words) => ({
    code: "program-failed",
    message: `The program started more than the ${limits.processes} processes its service allows.${words}`,
  }),
  disk: ({ limits }, words) => ({
    code: "disk-exceeded",
    message: `The program wrote more than the ${limits.diskBytes} bytes its service allows, or far too many files.${words}`,
  }),
};

/**
 * A program that meets the limit is refused memory and gives up by itself, each runtime in its own words: the C library's
 * text of ENOMEM, C++, Python, Node, Java and Go.
 */
const NO_MEMORY =
  /cannot allocate memory|std::bad_alloc|\bMemoryError\b|heap out of memory|OutOfMemoryError|out of memory/i;

function ranOutOfMemory({ code, stderrTail }: ProcessExit): boolean {
  return code !== 0 && NO_MEMORY.test(new TextDecoder().decode(stderrTail));
}

/** The last line of stderr, made safe for a log and an XML document. */
function lastWords(exit: ProcessExit): string {
  const lines = new TextDecoder().decode(exit.stderrTail).trim().split("\n");
  const last = (lines.at(-1) ?? "").replaceAll(/\p{C}+/gu, " ").trim();
  if (last === "") return "";
  const shown = last.length > STDERR_SHOWN ? `${last.slice(0, STDERR_SHOWN)}…` : last;
  return ` It last said: ${shown}`;
}
