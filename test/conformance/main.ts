import { Command, CommanderError, InvalidArgumentError } from "commander";
import { allChecks } from "./areas.ts";
import type { Check } from "./check.ts";
import { runChecks, type Outcome } from "./runner.ts";
import { embeddedTarget, remoteTarget } from "./target.ts";

/** Exit codes: 0 every check passed · 1 some failed, or nothing could be asked · 64 wrong usage. */
const FAILED = 1;
const USAGE = 64;

interface Flags {
  endpoint?: string;
  region: string;
  only?: string;
  parallel: number;
  json?: boolean;
  list?: boolean;
}

const program = new Command("npm run conformance --")
  .description(
    "Asks an endpoint whether it does what AWS's documentation says of S3, SQS, SimpleDB and IMDS.",
  )
  .exitOverride()
  .option("--endpoint <url>", "`aws` for AWS itself, or a URL; without it an embedded cloud is started")
  .option("--region <name>", "region of the endpoint", process.env["AWS_REGION"] ?? "us-east-1")
  .option("--only <text>", "only the checks whose id contains this")
  .option("--parallel <number>", "checks at a time", readCount, 8)
  .option("--json", "print the outcomes as one JSON document")
  .option("--list", "print the checks and run none")
  .addHelpText(
    "after",
    `
Credentials come from the environment, as for every AWS tool. Each check makes what it needs under a name of its own
and removes it. A run against AWS takes some thousand requests and about 100 MB of uploads: a few cents. Instances are
launched only from an image that CONFORMANCE_IMAGE names, each for a minute.

Examples:
  npm run conformance
  npm run conformance -- --only s3-multipart
  AWS_PROFILE=sandbox npm run conformance -- --endpoint aws --region us-east-1`,
  );

function readCount(text: string): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number from 1 to 99.");
}

async function main(): Promise<number> {
  try {
    program.parse();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
    throw error;
  }
  const flags = program.opts<Flags>();
  const checks = allChecks.filter(({ id }) => id.includes(flags.only ?? ""));
  if (checks.length === 0) {
    process.stderr.write(`conformance: no check's id contains '${flags.only}'. --list prints them.\n`);
    return USAGE;
  }
  if (flags.list) {
    for (const check of checks) process.stdout.write(`${check.id}\n    ${check.says}\n    ${check.source}\n`);
    return 0;
  }
  const outcomes = await ask(flags, checks);
  if (flags.json) process.stdout.write(`${JSON.stringify(outcomes, null, 2)}\n`);
  else process.stdout.write(summary(outcomes));
  return outcomes.some(({ result }) => result === "failed") ? FAILED : 0;
}

async function ask(flags: Flags, checks: readonly Check[]): Promise<Outcome[]> {
  const target =
    flags.endpoint === undefined ? await embeddedTarget() : remoteTarget(flags.endpoint, flags.region);
  try {
    const told = flags.json ? undefined : (outcome: Outcome) => process.stdout.write(line(outcome));
    return await runChecks(target, checks, flags.parallel, told);
  } finally {
    await target.close();
  }
}

const marks = { passed: "ok  ", failed: "FAIL", skipped: "skip" };

function line({ id, says, source, result, ms, reason }: Outcome): string {
  const first = `${marks[result]}  ${id.padEnd(40)} ${says} (${ms} ms)\n`;
  if (result === "passed") return first;
  return `${first}      ${reason?.replaceAll("\n", "\n      ")}\n${result === "failed" ? `      ${source}\n` : ""}`;
}

function summary(outcomes: readonly Outcome[]): string {
  const count = (result: Outcome["result"]) => outcomes.filter((it) => it.result === result).length;
  return `\n${outcomes.length} checks: ${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped\n`;
}

process.exitCode = await main();
