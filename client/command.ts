import { Command, Option } from "commander";
import { DroverError } from "../base/errors.ts";
import { DEFAULT_WAIT_MS } from "./wait.ts";
import { JOB_FLAGS, dashed } from "./flags.ts";
import type { JobFlagName, JobFlags } from "./flags.ts";
import { SECRET_FLAGS, variableOf } from "./secrets.ts";
import type { SecretFlag } from "./secrets.ts";

/** What a command line of submit-job says, before any of it is looked into. */
export interface Invocation {
  flags: JobFlags;
  /** Files that secrets are read from; `-` asks. */
  from: Partial<Record<SecretFlag, string>>;
  wait: boolean;
  timeoutMs: number;
  waitFor?: string;
  batch?: string;
  skipInvalid: boolean;
  dryRun: boolean;
  verbose: boolean;
  json: boolean;
  /** A folder of manifests; false: no check against any. */
  services: string | undefined | false;
  config?: string;
}

const EXAMPLES = `
Examples:
  The article's one-liner, with an input:
  $ submit-job --auth_user_file=dirk --auth_method_file=http-basic --auth_pass_file=krid --param=R:-100 \\
      --response=callback --callback_url=http://www.waferthin.com/admin/mpt4u-callback.php \\
      --auth_method_response=http-basic --auth_user_response=dirk --auth_pass_response=krid \\
      --verbose http://www.waferthin.com/convert.mov

  Wait for the result:               $ submit-job --wait s3://clips/convert.mov
  Look at the request, send nothing: $ submit-job --dry-run --param=R:-100 s3://clips/convert.mov
  A password that no one sees in ps: $ submit-job --auth-user-file=dirk --auth-pass-file-from=- https://…
  Many jobs, safe to run again:      $ submit-job --batch clips.txt --reference='monday-{line}' --wait

A line of a batch is an input URL, or a JSON object with these flags as keys:
  {"input": "s3://clips/two.mov", "param": {"R": -100}, "reference": "clip-two"}

Secrets are better not on the command line: ${SECRET_FLAGS.map((it) => variableOf(it)).join(", ")}
hold them as well. The fleet is named by AWS_* (credentials, region, AWS_ENDPOINT_URL) and drover.yaml or
DROVER_QUEUES_REQUESTS and DROVER_BUCKET.

Exit codes: 0 done; 1 a job ended without success (with --wait); 2 wrong usage, or an invalid request: nothing
was sent; 3 the cloud could not be reached, or anything else; 4 no result in time; 130 interrupted.`;

/**
 * Reads the command line. Undefined when help was asked for and given.
 * @throws DroverError `flag-invalid`
 */
export function readCommandLine(
  argv: readonly string[],
  print: (text: string) => void,
): Invocation | undefined {
  const command = buildCommand(print);
  try {
    command.parse(argv, { from: "user" });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === "commander.helpDisplayed") return undefined;
    const said = message
      .replace(/^error: /, "")
      .replace(/\n/g, " ")
      .replace(/\.$/, "");
    throw new DroverError("flag-invalid", `${said}. See submit-job --help.`);
  }
  return invocationOf(command);
}

function buildCommand(print: (text: string) => void): Command {
  const command = new Command("submit-job")
    .description("Submits a job to the fleet and prints its message id.")
    .argument("[input]", "http, https or s3 URL of the input")
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: print, outputError: () => undefined })
    .configureHelp({ optionTerm: ({ flags }) => flags.replace(/, --[a-z0-9-]+/, "") })
    .addHelpText("after", EXAMPLES);
  for (const { name, value, summary } of JOB_FLAGS) command.addOption(jobOption(name, value, summary));
  for (const flag of SECRET_FLAGS) {
    command.addOption(jobOption(`${flag}_from`, "FILE", `${flag} is the first line of FILE; - asks for it`));
  }
  return command
    .option("--wait", "wait for the result and print it")
    .option("--timeout-s <SECONDS>", "how long to wait", String(DEFAULT_WAIT_MS / 1000))
    .option("--wait-for <MESSAGE-ID>", "submit nothing: wait for the result of a job submitted before")
    .option("--batch <FILE>", "one job a line; - is standard input")
    .option("--skip-invalid", "send the valid lines of a batch even if others are invalid")
    .option("--dry-run", "validate and show the request, send nothing")
    .option("--verbose", "show the complete request XML, secrets masked")
    .option("--json", "print JSON: one object, or one a line for a batch")
    .option("--services <DIR>", "check against the manifests in DIR, one folder for each service")
    .option("--no-service-check", "check against no manifest")
    .option("--config <FILE>", "settings of the fleet (default: drover.yaml, when it is there)");
}

/** Both spellings are one option; the help shows the article's. */
function jobOption(name: string, value: string, summary: string): Option {
  const flags = name.includes("_") ? `--${name}, --${dashed(name)} <${value}>` : `--${name} <${value}>`;
  const option = new Option(flags, summary);
  return name === "param" ? option.argParser(collect) : option;
}

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

function invocationOf(command: Command): Invocation {
  const given = command.opts<Record<string, string | string[] | boolean | undefined>>();
  const text = (name: string) => {
    const value = given[camelCase(name)];
    return typeof value === "string" ? value : undefined;
  };
  const flags: JobFlags = {};
  for (const { name } of JOB_FLAGS) setFlag(flags, name, given[camelCase(name)]);
  const [input] = command.args;
  if (input !== undefined && flags.input !== undefined) {
    throw new DroverError(
      "flag-conflict",
      "The input is given twice, with --input and without. Leave one out.",
    );
  }
  if (input !== undefined) flags.input = input;
  const [waitFor, batch, config] = [text("wait_for"), text("batch"), text("config")];
  refuseMixtures({ waitFor, batch, flags });
  return {
    flags,
    from: Object.fromEntries(
      SECRET_FLAGS.flatMap((it) => (text(`${it}_from`) ? [[it, text(`${it}_from`)]] : [])),
    ),
    wait: given["wait"] === true,
    timeoutMs: secondsOf(text("timeout_s") ?? "") * 1000,
    skipInvalid: given["skipInvalid"] === true,
    dryRun: given["dryRun"] === true,
    verbose: given["verbose"] === true,
    json: given["json"] === true,
    services: given["serviceCheck"] === false ? false : text("services"),
    ...(waitFor === undefined ? {} : { waitFor }),
    ...(batch === undefined ? {} : { batch }),
    ...(config === undefined ? {} : { config }),
  };
}

function setFlag(flags: JobFlags, name: JobFlagName, value: unknown): void {
  if (name === "param") {
    if (Array.isArray(value)) flags.param = value.map(String);
  } else if (typeof value === "string") flags[name] = value;
}

function refuseMixtures({
  waitFor,
  batch,
  flags,
}: {
  waitFor?: string | undefined;
  batch?: string | undefined;
  flags: JobFlags;
}) {
  if (waitFor !== undefined && (batch !== undefined || Object.keys(flags).length > 0)) {
    throw new DroverError("flag-conflict", "--wait-for submits nothing. Leave the flags of a job out.");
  }
  if (batch !== undefined && flags.input !== undefined) {
    throw new DroverError("flag-conflict", "With --batch the inputs stand in the file. Leave the input out.");
  }
}

function secondsOf(value: string): number {
  // 2^31 ms is as long as a timer runs.
  if (/^\d+(\.\d+)?$/.test(value) && Number(value) > 0 && Number(value) <= 2_000_000) return Number(value);
  throw new DroverError("flag-invalid", `--timeout-s=${value} is not a number of seconds from 0 to 2000000.`);
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
