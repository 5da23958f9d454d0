import { withDeadline } from "../base/clock.ts";
import { DroverError, reasonOf } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import { resultKey } from "../jobs/keys.ts";
import type { JobResponse } from "../schemas/response.ts";
import { validate } from "../schemas/validate.ts";
import { isPermanent } from "./cloud-errors.ts";
import type { ClientPorts } from "./ports.ts";

/**
 * Waiting reads the result object, not a queue: SQS cannot select, so waiters would steal each other's messages.
 * That works whatever the request's output is, since every result is kept in S3.
 */
export interface WaitOptions {
  timeoutMs: number;
  signal?: AbortSignal;
}

/** SQS keeps a job in flight for 12 hours at most, so nothing that still runs is waited for longer. */
export const DEFAULT_WAIT_MS = 12 * 3_600_000;

const FIRST_PAUSE_MS = 200;
/** A GET every two seconds costs a cent in about 3,500 minutes of waiting, and finds the result soon enough. */
const LAST_PAUSE_MS = 2_000;
/** The store may be away for a moment in a long wait; away for longer, and the waiter should hear of it. */
const OUTAGE_LIMIT_MS = 60_000;

/**
 * Resolves to the job's response, however the job ended.
 * @throws DroverError `wait-timeout`, `response-…` when the stored document is not valid, the store's error, or the
 * signal's reason
 */
export async function waitForResult(
  ports: Pick<ClientPorts, "objects" | "clock" | "random">,
  messageId: string,
  { timeoutMs, signal }: WaitOptions,
): Promise<JobResponse> {
  const { clock } = ports;
  const onDeadline = () =>
    new DroverError(
      "wait-timeout",
      `No result of ${messageId} after ${timeoutMs / 1000} s. The job goes on; ask again with --wait-for=${messageId}.`,
    );
  const poll = async (deadline: AbortSignal) => {
    let healthyAt = clock.monotonic();
    for (let attempt = 0; ; attempt++) {
      try {
        const response = await unlessAborted(readResult(ports.objects, messageId), deadline);
        if (response !== undefined) return response;
        healthyAt = clock.monotonic();
      } catch (error) {
        deadline.throwIfAborted();
        if (isPermanent(error) || clock.monotonic() - healthyAt > OUTAGE_LIMIT_MS) throw error;
      }
      await clock.sleep(pauseMs(ports.random, attempt), deadline);
    }
  };
  return await withDeadline(clock, timeoutMs, onDeadline, poll, signal);
}

/** The job's response when it has one. @throws DroverError `response-…` for a document that is not valid */
export async function readResult(
  objects: ClientPorts["objects"],
  messageId: string,
): Promise<JobResponse | undefined> {
  const found = await objects.get(resultKey({ id: messageId, generation: 0 }));
  if (found === undefined) return undefined;
  const verdict = validate("response", found.body);
  if (verdict.ok) return verdict.value;
  const [problem] = verdict.problems;
  throw new DroverError(
    problem?.code ?? "response-invalid",
    `The stored result of ${messageId} is not a valid response: ${problem?.message ?? "unknown"} This client may be older than the fleet.`,
  );
}

/** 0.2 s, growing to 2 s; up to a quarter of it by chance, so that many waiters do not ask in step. */
export function pauseMs(random: Random, attempt: number): number {
  const pause = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 1.5 ** Math.min(attempt, 20));
  return pause * (0.75 + random.next() / 4);
}

/** Leaves a read that hangs behind: the SDK gives it up by itself, but later than our deadline. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(new Error(reasonOf(signal.reason), { cause: signal.reason }));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
