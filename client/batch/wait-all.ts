import { DroverError } from "../../base/errors.ts";
import type { JobResponse } from "../../schemas/response.ts";
import { isPermanent } from "../cloud-errors.ts";
import type { ClientPorts } from "../ports.ts";
import { pauseMs, readResult } from "../wait.ts";
import { eachLimited } from "./pool.ts";

/** Polled in one sweep. With ten thousand jobs open, S3 is asked for some hundreds a second, not for all. */
const SWEEP = 256;
const CONCURRENCY = 32;
const OUTAGE_LIMIT_MS = 60_000;

export interface WaitAllOptions<T> {
  timeoutMs: number;
  signal?: AbortSignal;
  /** Called once for each job, in the order in which the results are found. */
  onResult: (job: T, response: JobResponse) => void;
  /** Called once for a job whose stored result cannot be read. */
  onUnreadable: (job: T, error: unknown) => void;
}

/**
 * Waits for many jobs. They are polled in turn, oldest first, since a queue is served roughly in order.
 * Resolves to the jobs that had no result in time.
 * @throws DroverError the store's error, when it refuses or is away for a minute
 */
export async function waitForAll<T extends { messageId: string }>(
  ports: Pick<ClientPorts, "objects" | "clock" | "random">,
  jobs: readonly T[],
  options: WaitAllOptions<T>,
): Promise<T[]> {
  const { clock, objects } = ports;
  const started = clock.monotonic();
  let [pending, healthyAt, idleSweeps] = [[...jobs], started, 0];
  while (pending.length > 0) {
    options.signal?.throwIfAborted();
    const left: T[] = [];
    let failure: unknown;
    await eachLimited(pending.slice(0, SWEEP), CONCURRENCY, async (job) => {
      try {
        const response = await readResult(objects, job.messageId);
        if (response === undefined) left.push(job);
        else options.onResult(job, response);
        healthyAt = clock.monotonic();
      } catch (error) {
        if (error instanceof DroverError && error.code.startsWith("response-"))
          options.onUnreadable(job, error);
        else {
          left.push(job);
          failure = error;
        }
      }
    });
    if (failure !== undefined && (isPermanent(failure) || clock.monotonic() - healthyAt > OUTAGE_LIMIT_MS)) {
      throw failure;
    }
    idleSweeps = left.length === Math.min(SWEEP, pending.length) ? idleSweeps + 1 : 0;
    pending = [...pending.slice(SWEEP), ...left];
    const leftMs = options.timeoutMs - (clock.monotonic() - started);
    if (leftMs <= 0) break;
    if (pending.length > 0)
      await clock.sleep(Math.min(leftMs, pauseMs(ports.random, idleSweeps)), options.signal);
  }
  return pending;
}
