import type { Random } from "../base/random.ts";
import { fullJitterMs } from "../base/retry.ts";
import type { ErrorCode } from "../schemas/codes.ts";

/** Why a try of a job did not end in success: a stable code and a sentence for the client. */
export interface Failure {
  code: ErrorCode;
  message: string;
  /** Line in the request document, when that is at fault. */
  line?: number;
  /** The last words of the program, for the operator and the client. */
  stderrTail?: string;
}

/**
 * What follows from a failure.
 * `reject`: the request is at fault, the client is told, done. `retry`: visible again after `delayS`.
 * `park`: the tries are used up, the client is told and the request stands in the dead-letter queue.
 */
export type Decision = { action: "reject" } | { action: "retry"; delayS: number } | { action: "park" };

/** Failures of the job itself: each one uses up a try. */
const OWN_FAULT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "program-failed",
  "program-killed",
  "program-deadline",
  "program-missing",
  "output-invalid",
  "output-too-large",
]);

/** Failures of something else that may be well again soon; they are retried within the same bound. */
const TRANSIENT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "input-unreachable",
  "input-incomplete",
  "input-too-slow",
]);

/** True when it was the program that failed, not the request or what it names. */
export function isOwnFault({ code }: Failure): boolean {
  return OWN_FAULT.has(code);
}

const RETRY_BASE_MS = 1_000;
const RETRY_CAP_MS = 30_000;

/**
 * Decides from the cause alone.
 * @param failedBefore tries of this generation that were recorded as failed before this one
 * @param retries tries after the first one that the service allows
 */
export function decide(failure: Failure, failedBefore: number, retries: number, random: Random): Decision {
  if (!OWN_FAULT.has(failure.code) && !TRANSIENT.has(failure.code)) return { action: "reject" };
  if (failedBefore >= retries) return OWN_FAULT.has(failure.code) ? { action: "park" } : { action: "reject" };
  // SQS takes whole seconds; 0 would hand the job back at once, before what failed had a moment.
  const delayS = Math.max(
    1,
    Math.round(fullJitterMs(random, failedBefore, RETRY_BASE_MS, RETRY_CAP_MS) / 1000),
  );
  return { action: "retry", delayS };
}
