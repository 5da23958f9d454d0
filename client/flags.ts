/**
 * The flags that describe one job, in the article's spelling. The command line takes them with underscores or
 * dashes, a line of a batch as JSON keys in either spelling.
 */
export interface JobFlag {
  name: string;
  /** The placeholder shown in the help. */
  value: string;
  summary: string;
}

export const JOB_FLAGS = [
  { name: "service", value: "NAME", summary: "what is to be done with the input (default: analyze)" },
  {
    name: "input",
    value: "URL",
    summary: "http, https or s3 URL of the input; may also stand without a flag",
  },
  { name: "input_sha256", value: "HEX", summary: "the input's SHA-256: other bytes are refused" },
  { name: "auth_user_file", value: "USER", summary: "user name to fetch the input with" },
  { name: "auth_method_file", value: "METHOD", summary: "http-basic, the only method" },
  {
    name: "auth_pass_file",
    value: "PASSWORD",
    summary: "password to fetch the input with (others can see it in ps)",
  },
  {
    name: "auth_ref_file",
    value: "SECRET",
    summary: "or: the name of a secret the fleet holds, user:password",
  },
  { name: "param", value: "NAME:VALUE", summary: "a parameter of the service, e.g. R:-100; may be repeated" },
  { name: "response", value: "KIND", summary: "callback, queue, or store (kept in S3 only, for --wait)" },
  { name: "callback_url", value: "URL", summary: "where the response document is POSTed to" },
  { name: "queue_url", value: "URL", summary: "a response queue of your own instead of the fleet's" },
  { name: "auth_user_response", value: "USER", summary: "user name for the callback" },
  { name: "auth_method_response", value: "METHOD", summary: "http-basic, the only method" },
  {
    name: "auth_pass_response",
    value: "PASSWORD",
    summary: "password for the callback (others can see it in ps)",
  },
  {
    name: "auth_ref_response",
    value: "SECRET",
    summary: "or: the name of a secret the fleet holds, user:password",
  },
  {
    name: "webhook_secret",
    value: "whsec_…",
    summary: "sign the callback with this secret (Standard Webhooks)",
  },
  { name: "webhook_secret_ref", value: "SECRET", summary: "or: the name of a secret the fleet holds" },
  { name: "reference", value: "TEXT", summary: "your own name for the job: submitted twice, it is one job" },
  {
    name: "deadline_s",
    value: "SECONDS",
    summary: "give the job up when it has not ended this long after sending",
  },
  { name: "contract", value: "NUMBER", summary: "the contract revision the request is written for" },
] as const satisfies readonly JobFlag[];

export type JobFlagName = (typeof JOB_FLAGS)[number]["name"];

/** The flags that were given. */
export type JobFlags = { [K in Exclude<JobFlagName, "param">]?: string } & {
  /** `NAME:VALUE`, in order. */
  param?: readonly string[];
};

const NAMES: ReadonlySet<string> = new Set(JOB_FLAGS.map(({ name }) => name));

export function isJobFlag(name: string): name is JobFlagName {
  return NAMES.has(name);
}

/** `--auth_user_file` and `--auth-user-file` are one flag; so are the JSON keys. */
export function underscored(name: string): string {
  return name.replaceAll("-", "_");
}

export function dashed(name: string): string {
  return name.replaceAll("_", "-");
}
