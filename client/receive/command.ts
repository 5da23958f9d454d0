import { Command } from "commander";
import { DroverError } from "../../base/errors.ts";

/** What a command line of `drover receive` says. */
export interface ReceiveSettings {
  host: string;
  port: number;
  folder: string;
  account?: { user: string; password: string };
  secrets: string[];
  json: boolean;
  /** Exit after this many distinct results. */
  count?: number;
}

const HELP = `
Each response is stored as DIR/<messageId>.xml before its sender is told so, and stored once however often it is sent.

Example:
  $ DROVER_RECEIVE_PASSWORD=krid drover receive --port 8080 --dir results --user dirk
  $ submit-job --callback_url=http://127.0.0.1:8080/ --auth_user_response=dirk --auth_pass_response=krid s3://clips/a.mov

The password and the secret are better given as DROVER_RECEIVE_PASSWORD and DROVER_RECEIVE_SECRET.
Exit codes: 0 stopped by a signal, or --count reached; 2 wrong usage; 3 anything else.`;

type Given = {
  host: string;
  port: string;
  dir: string;
  user?: string;
  password?: string;
  secret?: string[];
  json?: boolean;
  count?: string;
};

/** Undefined when help was asked for and given. @throws DroverError `flag-invalid`, `flag-missing` */
export function readReceiveCommand(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  print: (text: string) => void,
): ReceiveSettings | undefined {
  const command = new Command("drover receive")
    .description("Receives callbacks: the reference receiver.")
    .requiredOption("--dir <DIR>", "where the responses are stored; made when it is not there")
    .option("--host <ADDRESS>", "the address to listen on", "127.0.0.1")
    .option("--port <PORT>", "the port to listen on; 0 takes any free one", "0")
    .option("--user <USER>", "ask callers for this user and a password")
    .option("--password <PASSWORD>", "the password (others can see it in ps)")
    .option(
      "--secret <whsec_…>",
      "ask for signatures by this secret; may be repeated",
      (it, all: string[] | undefined) => [...(all ?? []), it],
    )
    .option("--json", "print one JSON object a line")
    .option("--count <N>", "exit after N distinct results")
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: print, outputError: () => undefined })
    .addHelpText("after", HELP);
  try {
    command.parse(argv, { from: "user" });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === "commander.helpDisplayed") return undefined;
    throw new DroverError(
      "flag-invalid",
      `${message.replace(/^error: /, "").replace(/\n/g, " ")}. See drover receive --help.`,
    );
  }
  return settingsOf(command.opts<Given>(), env);
}

function settingsOf(given: Given, env: Readonly<Record<string, string | undefined>>): ReceiveSettings {
  const password = given.password ?? env["DROVER_RECEIVE_PASSWORD"];
  const secret = env["DROVER_RECEIVE_SECRET"];
  if (given.user !== undefined && password === undefined) {
    throw new DroverError(
      "flag-missing",
      "--user needs a password. Set DROVER_RECEIVE_PASSWORD, or give --password.",
    );
  }
  if (given.user === undefined && given.password !== undefined) {
    throw new DroverError("flag-missing", "--password needs a user. Give --user as well.");
  }
  return {
    host: given.host,
    port: wholeNumber("--port", given.port, 0, 65_535),
    folder: given.dir,
    secrets: given.secret ?? (secret === undefined ? [] : secret.split(/\s+/).filter((it) => it !== "")),
    json: given.json === true,
    ...(given.user !== undefined && password !== undefined
      ? { account: { user: given.user, password } }
      : {}),
    ...(given.count === undefined ? {} : { count: wholeNumber("--count", given.count, 1, 1_000_000_000) }),
  };
}

function wholeNumber(flag: string, text: string, min: number, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new DroverError("flag-invalid", `${flag}=${text} is not a whole number from ${min} to ${max}.`);
}
