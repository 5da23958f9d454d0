import { DroverError } from "../base/errors.ts";
import type { JobFlags } from "./flags.ts";

/**
 * Secrets on a command line can be read by everybody on the machine (ps, /proc), so each of them can also come
 * from a file, from a prompt, or from the environment.
 */
export const SECRET_FLAGS = ["auth_pass_file", "auth_pass_response", "webhook_secret"] as const;
export type SecretFlag = (typeof SECRET_FLAGS)[number];

/** The variable that holds a secret when no flag does, e.g. DROVER_AUTH_PASS_FILE. */
export function variableOf(flag: SecretFlag): string {
  return `DROVER_${flag.toUpperCase()}`;
}

export interface SecretSources {
  env: Readonly<Record<string, string | undefined>>;
  /** Values of `--auth-pass-file-from` and the like: a path, or `-` for a prompt. */
  from: Readonly<Partial<Record<SecretFlag, string>>>;
  /** The first line of a file, without its end. */
  readLine: (path: string) => Promise<string>;
  /** Asks the person at the terminal, without showing what is typed; reads a line when there is no terminal. */
  ask: (question: string) => Promise<string>;
}

/**
 * The flags, completed with the secrets that came another way. A variable counts only where a secret is needed
 * and none was given, so that one left over in the environment changes no other request.
 * @throws DroverError `flag-conflict` when a secret is given twice, and the read error of its file.
 */
export async function withSecrets(flags: JobFlags, sources: SecretSources): Promise<JobFlags> {
  const found: JobFlags = { ...flags };
  for (const flag of SECRET_FLAGS) {
    const from = sources.from[flag];
    if (from !== undefined && flags[flag] !== undefined) {
      const name = `--${flag.replaceAll("_", "-")}`;
      throw new DroverError(
        "flag-conflict",
        `${name} and ${name}-from are both given. Leave one of them out.`,
      );
    }
    const variable = wants(flag, flags) ? sources.env[variableOf(flag)] : undefined;
    if (from === "-") found[flag] = await sources.ask(QUESTIONS[flag]);
    else if (from !== undefined) found[flag] = await sources.readLine(from);
    else if (flags[flag] === undefined && variable) found[flag] = variable;
  }
  return found;
}

const QUESTIONS: Record<SecretFlag, string> = {
  auth_pass_file: "Password for the input: ",
  auth_pass_response: "Password for the callback: ",
  webhook_secret: "Webhook secret (whsec_…): ",
};

function wants(flag: SecretFlag, flags: JobFlags): boolean {
  if (flag === "auth_pass_file") return flags.auth_user_file !== undefined;
  if (flag === "auth_pass_response") return flags.auth_user_response !== undefined;
  // A callback is signed whenever its sender has a secret for it.
  return flags.callback_url !== undefined && flags.webhook_secret_ref === undefined;
}
