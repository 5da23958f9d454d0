import type { CheckedJob } from "./check.ts";
import { shownXml } from "./check.ts";
import type { Invocation } from "./command.ts";
import { composeRequest } from "./compose.ts";
import { EXIT } from "./exit.ts";
import type { JobFlags } from "./flags.ts";
import type { ClientPorts } from "./ports.ts";
import type { Submission } from "./reference.ts";
import { asJson, showResponse } from "./show.ts";
import { submitJob } from "./submit.ts";
import type { Terminal } from "./terminal.ts";
import { waitForResult } from "./wait.ts";
import type { JobRequest } from "../schemas/request.ts";

export interface RunTools {
  terminal: Terminal;
  check: (request: JobRequest) => Promise<CheckedJob>;
  /** Opens the cloud; called only when there is something to send or to read. */
  connect: () => Promise<ClientPorts>;
  /** Runs work that Ctrl-C ends in order. */
  interruptible: <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>;
}

/** Submits one job, and waits for it if asked to. Resolves to the exit code. */
export async function runOne(flags: JobFlags, invocation: Invocation, tools: RunTools): Promise<number> {
  const { terminal } = tools;
  const { json, verbose, dryRun } = invocation;
  const job = await tools.check(composeRequest(flags));
  const shown = shownXml(job).trimEnd();
  if (dryRun) {
    terminal.out(json ? `${JSON.stringify({ valid: true, request: shown })}\n` : `${shown}\n`);
    return EXIT.ok;
  }
  if (verbose) terminal.err(`${shown}\n`);
  const ports = await tools.connect();
  const submission = await submitJob(ports, job);
  if (submission.warning !== undefined) terminal.err(`reference-unrecorded: ${submission.warning}\n`);
  if (submission.duplicate && !json)
    terminal.err("This reference was submitted before; nothing was sent again.\n");
  if (!json) terminal.out(`${submission.messageId}\n`);
  if (invocation.wait) return await awaitOne(ports, submission, invocation, tools);
  if (json) terminal.out(`${JSON.stringify(asJson(submission))}\n`);
  return EXIT.ok;
}

/** Waits for a job that was submitted before. */
export async function runWaitFor(
  messageId: string,
  invocation: Invocation,
  tools: RunTools,
): Promise<number> {
  return await awaitOne(await tools.connect(), { messageId, duplicate: true }, invocation, tools);
}

async function awaitOne(
  ports: ClientPorts,
  submission: Submission,
  { timeoutMs, json }: Invocation,
  { terminal, interruptible }: RunTools,
): Promise<number> {
  const response = await interruptible((signal) =>
    waitForResult(ports, submission.messageId, { timeoutMs, signal }),
  );
  if (json) terminal.out(`${JSON.stringify(asJson(submission, response))}\n`);
  else showResponse(response, terminal);
  return response.status === "success" ? EXIT.ok : EXIT.unsuccessful;
}
