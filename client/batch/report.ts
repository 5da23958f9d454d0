import type { JobResponse } from "../../schemas/response.ts";
import { explained } from "../cloud-errors.ts";
import type { Submission } from "../reference.ts";
import type { Fault } from "../refusal.ts";
import { plain } from "../../base/plain.ts";
import { asJson } from "../show.ts";
import type { Terminal } from "../terminal.ts";
import type { Progress } from "./progress.ts";

/** What a batch says of itself: a line for each event, as text or as JSON, and a summary. */
export interface BatchReport {
  invalid(line: number, faults: readonly Fault[]): void;
  submitted(line: number, submission: Submission): void;
  failed(line: number, error: unknown): void;
  finished(line: number, submission: Submission, response: JobResponse): void;
  summary(counts: BatchCounts): void;
}

export interface BatchCounts {
  jobs: number;
  invalid: number;
  /** Sent now; `duplicates` had been sent before. */
  submitted: number;
  duplicates: number;
  unsent: number;
  /** With --wait only. */
  succeeded?: number;
  unsuccessful?: number;
  unfinished?: number;
}

export function createReport(
  terminal: Terminal,
  progress: Progress,
  options: { json: boolean; where: string },
): BatchReport {
  const json = (event: string, fields: object) => progress.line(`${JSON.stringify({ event, ...fields })}\n`);
  const complain = (line: number, faults: readonly Fault[]) => {
    for (const { code, message } of faults)
      terminal.err(`${options.where}:${line}: ${code}: ${plain(message)}\n`);
  };
  return {
    invalid: (line, faults) => {
      complain(line, faults);
      if (options.json)
        json("invalid", { line, faults: faults.map(({ code, message }) => ({ code, message })) });
    },
    submitted: (line, submission) => {
      const { messageId, duplicate, warning } = submission;
      if (warning !== undefined) complain(line, [{ code: "reference-unrecorded", message: warning }]);
      if (options.json) json("submitted", { line, ...submission });
      else progress.line(`${line} ${messageId}${duplicate ? " submitted before" : ""}\n`);
    },
    failed: (line, error) => {
      const { code, message } = explained(error);
      complain(line, [{ code, message }]);
      if (options.json) json("failed", { line, code, message });
    },
    finished: (line, submission, response) => {
      if (options.json) return json("finished", { line, ...asJson(submission, response) });
      const color = response.status === "success" ? "green" : "red";
      const status = terminal.paint(color, response.status);
      progress.line(`${line} ${submission.messageId} ${status} ${plain(response.message)}\n`);
    },
    summary: (counts) => (options.json ? json("summary", counts) : terminal.err(`${sentence(counts)}\n`)),
  };
}

function sentence(counts: BatchCounts): string {
  const { jobs, invalid, submitted, duplicates, unsent, succeeded, unsuccessful, unfinished } = counts;
  const parts = [`${jobs} jobs: ${submitted} submitted`];
  if (duplicates > 0) parts.push(`${duplicates} submitted before`);
  if (unsent > 0) parts.push(`${unsent} not sent`);
  if (invalid > 0) parts.push(`${invalid} invalid lines skipped`);
  if (succeeded !== undefined) parts.push(`${succeeded} succeeded`);
  if (unsuccessful) parts.push(`${unsuccessful} without success`);
  if (unfinished) parts.push(`${unfinished} unfinished`);
  return `${parts.join(", ")}.`;
}
