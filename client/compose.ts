import type {
  Credentials,
  JobInput,
  JobOutput,
  JobRequest,
  Parameter,
  WebhookSecret,
} from "../schemas/request.ts";
import { dashed } from "./flags.ts";
import type { JobFlagName, JobFlags } from "./flags.ts";
import { RefusedRequest } from "./refusal.ts";
import type { Fault } from "./refusal.ts";

/** The service of the article, when none is named. */
const DEFAULT_SERVICE = "analyze";

/**
 * What the flags ask for. Only what flags can get wrong is checked here; the document itself is validated later.
 * @throws RefusedRequest with `flag-invalid`, `flag-missing` and `flag-conflict`, all of them at once.
 */
export function composeRequest(flags: JobFlags): JobRequest {
  const faults: Fault[] = [];
  const request: JobRequest = {
    service: flags.service ?? DEFAULT_SERVICE,
    parameters: (flags.param ?? []).map((it) => parameterOf(it, faults)),
    output: outputOf(flags, faults),
    ...optional("contract", wholeNumber("contract", flags, faults)),
    ...optional("reference", flags.reference),
    ...optional("deadlineS", wholeNumber("deadline_s", flags, faults)),
    ...optional("input", inputOf(flags, faults)),
  };
  if (faults.length > 0) throw new RefusedRequest(faults);
  return request;
}

function optional<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]: V });
}

function parameterOf(text: string, faults: Fault[]): Parameter {
  const at = text.indexOf(":");
  if (at <= 0) {
    faults.push({
      code: "flag-invalid",
      message: `--param=${text} is not NAME:VALUE. Write the name, a colon and the value, e.g. --param=R:-100.`,
    });
  }
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}

function wholeNumber(name: "contract" | "deadline_s", flags: JobFlags, faults: Fault[]): number | undefined {
  const text = flags[name];
  if (text === undefined || /^[1-9]\d{0,8}$/.test(text)) return text === undefined ? undefined : Number(text);
  faults.push({
    code: "flag-invalid",
    message: `--${dashed(name)}=${text} is not a whole number above 0. Write it in plain digits.`,
  });
  return undefined;
}

function inputOf(flags: JobFlags, faults: Fault[]): JobInput | undefined {
  const credentials = credentialsOf("file", flags, faults);
  const sha256 = optional("sha256", flags.input_sha256?.toLowerCase());
  const href = flags.input;
  if (href === undefined) {
    if (credentials !== undefined || flags.input_sha256 !== undefined) {
      faults.push({
        code: "flag-missing",
        message: "There are flags for the input, but no input. Add --input=URL, or the URL alone.",
      });
    }
    return undefined;
  }
  if (/^s3:/i.test(href)) {
    if (credentials !== undefined) faults.push(conflict("the --auth flags of the input", "an s3:// input"));
    return { type: "s3", href, ...sha256 };
  }
  if (!/^https?:/i.test(href)) {
    faults.push({
      code: "flag-invalid",
      message: `The input ${href} is no http, https or s3 URL. Put the file on a web server or into a bucket first.`,
    });
  }
  return { type: "http", href, ...optional("credentials", credentials), ...sha256 };
}

function outputOf(flags: JobFlags, faults: Fault[]): JobOutput {
  const kind = flags.response ?? (flags.callback_url === undefined ? "store" : "callback");
  const credentials = credentialsOf("response", flags, faults);
  const signature = signatureOf(flags, faults);
  if (kind !== "callback") {
    for (const [given, what] of [
      [flags.callback_url, "--callback-url"],
      [credentials, "the --auth flags of the response"],
      [signature, "the webhook secret"],
    ] as const) {
      if (given !== undefined) faults.push(conflict(what, `--response=${kind}`));
    }
  }
  if (kind !== "queue" && flags.queue_url !== undefined)
    faults.push(conflict("--queue-url", `--response=${kind}`));
  if (kind === "store") return { type: "store" };
  if (kind === "queue") return { type: "queue", ...optional("href", flags.queue_url) };
  if (kind !== "callback") {
    faults.push({
      code: "flag-invalid",
      message: `--response=${kind} is none of callback, queue and store.`,
    });
  } else if (flags.callback_url === undefined) {
    faults.push({ code: "flag-missing", message: "--response=callback needs --callback-url=URL as well." });
  }
  return {
    type: "callback",
    href: flags.callback_url ?? "",
    ...optional("credentials", credentials),
    ...optional("signature", signature),
  };
}

function credentialsOf(side: "file" | "response", flags: JobFlags, faults: Fault[]): Credentials | undefined {
  const name = (what: "user" | "pass" | "ref" | "method") => `auth_${what}_${side}` as const;
  const [user, password, ref] = [flags[name("user")], flags[name("pass")], flags[name("ref")]];
  const method = flags[name("method")];
  if (method !== undefined && method !== "http-basic") {
    faults.push({
      code: "flag-invalid",
      message: `--${dashed(name("method"))}=${method}: only http-basic is known.`,
    });
  }
  if (ref !== undefined) {
    if (user !== undefined || password !== undefined)
      faults.push(conflict(flagOf(name("ref")), "a user or password"));
    return { type: "http-basic", ref };
  }
  if (user === undefined && password === undefined) {
    if (method !== undefined) faults.push(missing(name("user"), flagOf(name("method"))));
    return undefined;
  }
  if (user === undefined) faults.push(missing(name("user"), flagOf(name("pass"))));
  if (password === undefined) faults.push(missing(name("pass"), flagOf(name("user"))));
  return { type: "http-basic", username: user ?? "", password: password ?? "" };
}

function signatureOf(flags: JobFlags, faults: Fault[]): WebhookSecret | undefined {
  if (flags.webhook_secret !== undefined && flags.webhook_secret_ref !== undefined) {
    faults.push(conflict("--webhook-secret", "--webhook-secret-ref"));
  }
  if (flags.webhook_secret !== undefined) return { secret: flags.webhook_secret };
  return flags.webhook_secret_ref === undefined ? undefined : { ref: flags.webhook_secret_ref };
}

const flagOf = (name: JobFlagName) => `--${dashed(name)}`;

function conflict(one: string, other: string): Fault {
  return { code: "flag-conflict", message: `${one} does not go with ${other}. Leave one of them out.` };
}

function missing(name: JobFlagName, because: string): Fault {
  const hint = name.startsWith("auth_pass")
    ? ` (or ${flagOf(name)}-from=FILE, or DROVER_${name.toUpperCase()})`
    : "";
  return { code: "flag-missing", message: `${because} needs ${flagOf(name)}${hint} as well.` };
}
