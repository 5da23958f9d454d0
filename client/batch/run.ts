import { codeOf } from "../../base/errors.ts";
import type { JobRequest } from "../../schemas/request.ts";
import type { CheckedJob } from "../check.ts";
import { isPermanent } from "../cloud-errors.ts";
import { composeRequest } from "../compose.ts";
import { EXIT } from "../exit.ts";
import type { JobFlags } from "../flags.ts";
import type { ClientPorts } from "../ports.ts";
import type { Submission } from "../reference.ts";
import { RefusedRequest } from "../refusal.ts";
import { submitJob } from "../submit.ts";
import { flagsOfLine } from "./lines.ts";
import type { BatchLine } from "./lines.ts";
import { eachLimited } from "./pool.ts";
import type { Progress } from "./progress.ts";
import type { BatchCounts, BatchReport } from "./report.ts";
import { waitForAll } from "./wait-all.ts";

export interface BatchTools {
  report: BatchReport;
  progress: Progress;
  /** The verdict of the contract and of the service's manifest. @throws RefusedRequest */
  check: (request: JobRequest) => Promise<CheckedJob>;
  /** Opens the cloud; called only when there is something to send. */
  connect: () => Promise<ClientPorts>;
}

export interface BatchOptions {
  /** The command line's flags: what a line does not say. */
  defaults: JobFlags;
  skipInvalid: boolean;
  dryRun: boolean;
  /** Wait for all results, this long at most. */
  waitMs?: number;
  signal: AbortSignal;
}

interface LineJob {
  line: number;
  job: CheckedJob;
}

interface SentJob extends Submission {
  line: number;
}

/** Messages under way at once. SQS takes thousands a second; more than this gains little on one connection pool. */
const SENDS = 32;

/**
 * Validates every line, then sends them all, then waits if asked to. Nothing is sent when a line is invalid.
 * Resolves to the exit code.
 */
export async function runBatch(
  lines: readonly BatchLine[],
  tools: BatchTools,
  options: BatchOptions,
): Promise<number> {
  const { report } = tools;
  const { jobs, invalid } = await checkAll(lines, tools, options.defaults);
  const counts = { jobs: lines.length, invalid, submitted: 0, duplicates: 0, unsent: jobs.length };
  if (options.dryRun || (invalid > 0 && !options.skipInvalid)) {
    report.summary(counts);
    return invalid > 0 && !options.skipInvalid ? EXIT.usage : EXIT.ok;
  }
  const ports = await tools.connect();
  const sent = await sendAll(ports, jobs, tools, options.signal);
  const duplicates = sent.filter((it) => it.duplicate).length;
  const sentCounts: BatchCounts = {
    ...counts,
    submitted: sent.length - duplicates,
    duplicates,
    unsent: jobs.length - sent.length,
  };
  if (options.waitMs === undefined || options.signal.aborted) {
    report.summary(sentCounts);
    options.signal.throwIfAborted();
    return sentCounts.unsent > 0 ? EXIT.cloud : EXIT.ok;
  }
  return await awaitAll(
    ports,
    sent,
    { ...tools, counts: sentCounts },
    { ...options, waitMs: options.waitMs },
  );
}

async function checkAll(lines: readonly BatchLine[], tools: BatchTools, defaults: JobFlags) {
  const jobs: LineJob[] = [];
  const lineOf = new Map<string, number>();
  let invalid = 0;
  for (const line of lines) {
    try {
      const job = await tools.check(composeRequest(flagsOfLine(line, defaults)));
      refuseRepeated(job.request.reference, line.number, lineOf);
      jobs.push({ line: line.number, job });
    } catch (error) {
      if (!(error instanceof RefusedRequest)) throw error;
      invalid += 1;
      tools.report.invalid(line.number, error.faults);
    }
  }
  return { jobs, invalid };
}

/** Two lines with one reference would be one job: surely not what was meant. */
function refuseRepeated(reference: string | undefined, line: number, lineOf: Map<string, number>): void {
  if (reference === undefined) return;
  const first = lineOf.get(reference);
  if (first === undefined) {
    lineOf.set(reference, line);
    return;
  }
  const message = `Line ${first} has the same reference. Give each line its own, e.g. --reference='nightly-{line}'.`;
  throw new RefusedRequest([{ code: "reference-repeated", message }]);
}

async function sendAll(
  ports: ClientPorts,
  jobs: readonly LineJob[],
  { report, progress }: BatchTools,
  signal: AbortSignal,
): Promise<SentJob[]> {
  const sent: SentJob[] = [];
  let [failuresInARow, stopped] = [0, false];
  progress.start("sending", jobs.length);
  const sendOne = async ({ line, job }: LineJob) => {
    try {
      const submission = await submitJob(ports, job);
      failuresInARow = 0;
      sent.push({ ...submission, line });
      report.submitted(line, submission);
    } catch (error) {
      failuresInARow += 1;
      // A cloud that refuses, or that nobody reaches, refuses the other lines as well; a reference is one line's own.
      stopped ||=
        failuresInARow >= SENDS || (isPermanent(error) && codeOf(error)?.startsWith("reference-") !== true);
      report.failed(line, error);
    }
    progress.step();
  };
  await eachLimited(jobs, SENDS, sendOne, () => stopped || signal.aborted);
  progress.stop();
  return sent;
}

async function awaitAll(
  ports: ClientPorts,
  sent: readonly SentJob[],
  { report, progress, counts }: BatchTools & { counts: BatchCounts },
  options: { waitMs: number; signal: AbortSignal },
): Promise<number> {
  let [succeeded, unsuccessful, unreadable] = [0, 0, 0];
  progress.start("waiting", sent.length);
  try {
    const left = await waitForAll(ports, sent, {
      timeoutMs: options.waitMs,
      signal: options.signal,
      onResult: ({ line, ...submission }, response) => {
        if (response.status === "success") succeeded += 1;
        else unsuccessful += 1;
        report.finished(line, submission, response);
        progress.step();
      },
      onUnreadable: ({ line }, error) => {
        unreadable += 1;
        report.failed(line, error);
        progress.step();
      },
    });
    progress.stop();
    report.summary({
      ...counts,
      succeeded,
      unsuccessful: unsuccessful + unreadable,
      unfinished: left.length,
    });
    if (counts.unsent > 0 || unreadable > 0) return EXIT.cloud;
    if (left.length > 0) return EXIT.timeout;
    return unsuccessful > 0 ? EXIT.unsuccessful : EXIT.ok;
  } finally {
    progress.stop();
  }
}
