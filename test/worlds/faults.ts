/**
 * What can happen at one call of an agent to the world outside.
 * `dies-before`, `dies-after`: the machine is lost before, or after, the call had its effect. `fails`: an error and no effect.
 * `answer-lost`: the effect and an error. `throttled`: this call and the next two to the same place are refused.
 * `slow`: eight seconds on the way there and as many back. `freezes-before`, `freezes-after`: the process is stopped for
 * longer than a lease, then goes on. `cut-off`: nothing of this place is reached for longer than a lease.
 * `expires`: every message in flight becomes visible. `twice`: every message in flight is handed out once more,
 * both receipts being good. `clock-ahead`, `clock-back`: the wall clock jumps by two hours.
 */
export const MISHAPS = [
  "dies-before",
  "dies-after",
  "fails",
  "answer-lost",
  "throttled",
  "slow",
  "freezes-before",
  "freezes-after",
  "cut-off",
  "expires",
  "twice",
  "clock-ahead",
  "clock-back",
] as const;

export type Mishap = (typeof MISHAPS)[number];

/** The others differ from one of these in when an outcome is known, or in how often something happens. */
export const MAIN_MISHAPS: readonly Mishap[] = [
  "dies-before",
  "dies-after",
  "fails",
  "answer-lost",
  "freezes-before",
  "cut-off",
];

/** Longer than the visibility timeout, so that somebody else has the message by then. */
export const FREEZE_MS = 95_000;
export const CUT_MS = 80_000;
export const SLOW_MS = 8_000;
export const THROTTLED_CALLS = 3;
export const JUMP_MS = 2 * 3_600_000;

/** A call as the world sees it. */
export interface Call {
  /** `objects.put` */
  name: string;
  port: string;
}

const CLOUD = /^(requests|responses|deliveries|dead|objects|store)\./;
const NETWORK = /^(requests|responses|deliveries|dead|objects|store|http)\./;
const READS = /\.(get|head|list|getStream|read|size|exists|receive|presignGet)$/;

export function isOverNetwork({ name }: Call): boolean {
  return NETWORK.test(name);
}

/**
 * Whether a mishap at this call is a world of its own. A read whose answer is lost is one that failed, and dying after it is
 * dying before what comes next.
 */
export function isDistinct(mishap: Mishap, { name }: Call): boolean {
  switch (mishap) {
    case "answer-lost":
      return !READS.test(name) && name !== "processes.spawn"; // a program that runs has an answer
    case "dies-after":
      return !READS.test(name);
    case "throttled":
      return CLOUD.test(name);
    case "slow":
    case "cut-off":
      return NETWORK.test(name);
    case "expires":
    case "twice":
      return NETWORK.test(name) || name === "processes.spawn";
    case "dies-before":
    case "fails":
    case "freezes-before":
    case "freezes-after": // the answer lies there when the process goes on, and is read before any overdue timer
    case "clock-ahead":
    case "clock-back":
      return true;
  }
}

/** It happens to the effect of one call, or to its answer, or once that is there. */
export const isOfTheCall = (mishap: Mishap) =>
  mishap === "fails" || mishap === "answer-lost" || mishap === "dies-after";

/** Only its own machine sees what it does. */
export const isLocal = ({ port }: Call) => port === "files";

/** What the outside world answers when a call fails. */
export function errorOf(
  mishap: "fails" | "answer-lost" | "throttled" | "cut-off",
  { name, port }: Call,
): Error {
  const named = (error: string, message: string, code?: string) =>
    Object.assign(new Error(message), { name: error, ...(code === undefined ? {} : { code }) });
  if (port === "files" || port === "disk") return named("Error", `ENOSPC: no space left, ${name}`, "ENOSPC");
  if (port === "processes") return named("Error", "EAGAIN: too many processes", "EAGAIN");
  if (mishap === "throttled") return named("ThrottlingException", "Rate exceeded");
  if (mishap === "answer-lost") return named("TimeoutError", `${name}: socket hang up`, "ECONNRESET");
  return named("TimeoutError", `${name}: connect ETIMEDOUT`, "ETIMEDOUT");
}

/** guarantees.md's faults that these worlds inject; each must have happened in a full run. */
export const NUMBERED: Readonly<Record<number, string>> = {
  1: "killed while downloading",
  2: "killed while the program runs",
  3: "killed after the result, before the callback",
  4: "killed between callback and delete",
  5: "the delete's answer lost",
  6: "duplicate delivery, concurrent",
  7: "out of order",
  8: "visibility expires mid-job",
  9: "heartbeat lands after delete",
  10: "process stopped longer than the lease, then continued",
  12: "message about to expire from the queue",
  13: "host lost with a job that then succeeds",
  14: "failing job parked after its tries",
  15: "wall clock jumps by two hours",
  16: "disk full",
  17: "rename or flush fails",
  18: "program out of memory",
  19: "program hangs: TERM, KILL",
  21: "stdout over its bound",
  23: "partial download",
  24: "input 404, 401, 5xx",
  25: "callback that never answers",
  26: "callback 500 for ever",
  27: "410 and Retry-After",
  28: "partition from a dependency",
  29: "throttling",
  30: "credentials expire mid-job",
  31: "store of log and status down or slow",
  32: "drain in the middle of jobs",
  41: "all links flapping",
};
