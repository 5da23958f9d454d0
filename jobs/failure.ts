import type { Random } from "../base/random.ts";
import { fullJitterMs } from "../base/retry.ts";
import type { ErrorCode } from "../schemas/codes.ts";
import type { History } from "./history.ts";

/** Why a try of a job did not end in success: a stable code and a sentence for the client. */
export interface Failure {
  code: ErrorCode;
  message: string;
  /** Line in the request document, when that is at fault. */
  line?: number;
}

/**
 * Whose fault a failure is; everything else follows from it.
 * `request`: the client must change something. `job`: the program failed, each time uses up one of its tries.
 * `slow`: the input came too slowly, which is as likely the client's fault as bad luck. `dependency`: something is
 * out of reach and may be back soon; no try is used up, time is.
 */
type Fault = "request" | "job" | "slow" | "dependency";

const FAULTS: Partial<Record<ErrorCode, Fault>> = {
  "program-failed": "job",
  "program-killed": "job",
  "program-deadline": "job",
  "program-out-of-memory": "job",
  "program-missing": "job",
  "disk-exceeded": "job",
  "output-invalid": "job",
  "output-too-large": "job",
  "input-too-slow": "slow",
  "input-unreachable": "dependency",
  "input-incomplete": "dependency",
};

function faultOf({ code }: Failure): Fault {
  return FAULTS[code] ?? "request";
}

/** True when it was the program that failed, not the request or what it names. */
export function isOwnFault(failure: Failure): boolean {
  return faultOf(failure) === "job";
}

/**
 * What follows from a failure.
 * `reject`: the client is told, done. `park`: the tries are used up: the client is told, and the request stands in
 * the dead-letter queue. `retry`: visible again after `delayS`; `record` is what is written down of this try.
 */
export type Decision =
  | { action: "reject" }
  | { action: "park"; record: "failed" }
  | { action: "retry"; delayS: number; record: "failed" | "blocked" };

/** What bounds the tries of a job. */
export interface Patience {
  /** Tries after the first one that the service allows. */
  retries: number;
  /** Since the first receipt. */
  ageS: number;
  /** How long something out of reach is waited for. */
  budgetS: number;
}

const RETRY_BASE_MS = 1_000;
const RETRY_CAP_MS = 30_000;

/** Decides from the cause alone. */
export function decide(failure: Failure, history: History, patience: Patience, random: Random): Decision {
  const { failures, blocks } = history;
  const again = (record: "failed" | "blocked", before: number): Decision => ({
    action: "retry",
    record,
    // SQS takes whole seconds; 0 would hand the job back at once, before what failed had a moment.
    delayS: Math.max(1, Math.round(fullJitterMs(random, before, RETRY_BASE_MS, RETRY_CAP_MS) / 1000)),
  });
  switch (faultOf(failure)) {
    case "request":
      return { action: "reject" };
    case "job":
      return failures < patience.retries ? again("failed", failures) : { action: "park", record: "failed" };
    case "slow":
      return blocks < patience.retries ? again("blocked", blocks) : { action: "reject" };
    case "dependency":
      return patience.ageS < patience.budgetS ? again("blocked", blocks) : { action: "reject" };
  }
}
