import type { JobOutput, JobRequest } from "../../schemas/request.ts";
import type { ServiceManifest } from "../../schemas/service.ts";
import { manifestOf } from "../support/manifest.ts";
import type { Answer } from "../support/scripted-http.ts";
import type { Behaviour } from "../support/scripted-processes.ts";

/** Every secret of these worlds holds this word, so that one search finds a leak of any of them. */
export const PLANTED = "PLANTED";
export const FLEET_KEY = Buffer.from("PLANTED-fleet-key-of-32-bytes-ok");
export const FLEET_SECRETS = {
  webhook: "whsec_UExBTlRFRC13ZWJob29rLXNlY3JldC1vZi10aGUtZmxlZXQ=",
  login: `fleet:${PLANTED}-login`,
};

/** How a job may end. `told`: the status its client accepted; `parked`: the code of its dead letter. */
export interface End {
  told?: "success" | "rejected" | "failed";
  parked?: string;
}

/** One sort of job: what is asked for, how everything outside the agent treats it, and how it must end. */
export interface JobKind {
  name: string;
  /** The request document, or what is sent in its place. @param n the job's number */
  request: (n: number) => JobRequest | string;
  attributes?: Record<string, string>;
  end: End;
  /** What the response document must hold. */
  body?: RegExp;
  /** The program must find exactly this in its input. */
  inputBody?: string;
  /** Seconds that must pass after a first answer that asked for them (Retry-After). */
  asksForS?: number;
  /** Seconds it may need when nothing goes wrong, back-offs included. */
  needsS: number;
  /** The client's server, by number of request for this job and generation. `silent`: it never answers. */
  callback?: (n: number) => ServerAnswer;
  /** The server of its input, by number of request. */
  input?: (n: number) => ServerAnswer;
  /** Its program, by number of run. `kills`: the machine goes down with it. */
  program?: (run: number) => ProgramBehaviour;
  /** Runs of the program, when nothing goes wrong. */
  runs?: number;
  /** The world it needs, so that what takes days takes minutes. */
  world?: {
    retentionS?: number;
    jumpMs?: number;
    settings?: { deliveryBudgetS: number; retryBudgetS: number };
  };
  /** Numbers of guarantees.md's faults that this kind itself is. */
  faults?: readonly number[];
}

export type ServerAnswer = Answer & { silent?: boolean; cut?: boolean };
export type ProgramBehaviour = Behaviour & { kills?: boolean; writesFile?: boolean };

const job = { name: "job", summary: "Its number.", type: "integer", flag: ["{value}"] } as const;
const service = (name: string, changes: Parameters<typeof manifestOf>[0] = {}) =>
  manifestOf({ name, command: [name], parameters: [job], retries: 1, timeoutS: 120, ...changes });

export const SERVICES: readonly ServiceManifest[] = [
  service("plain"),
  service("patient", { retries: 2 }),
  // Its tries outlast its deadline, also when they are made twice.
  service("hurried", { retries: 5 }),
  service("once", { retries: 0, timeoutS: 20 }),
  // Two slow answers are in time.
  service("fetch", { input: { types: ["http", "s3"], timeoutS: 40, maxBytes: 1_000 } }),
  service("files", { result: { kind: "files" } }),
  service("small", { result: { maxBytes: 64 } }),
  service("lengthy", { timeoutS: 400 }),
  service("endless", { timeoutS: 8 * 3_600 }),
];

const callbackOf = (n: number): JobOutput => ({
  type: "callback",
  href: `http://client.example/${n}?token=${PLANTED}`,
  credentials: { type: "http-basic", username: "dirk", password: `${PLANTED}-tellnoone` },
});

export function asking(changes: Partial<JobRequest> = {}): (n: number) => JobRequest {
  return (n) => ({
    service: "plain",
    parameters: [{ name: "job", value: String(n) }],
    output: callbackOf(n),
    ...changes,
  });
}

export const fetching = (n: number): JobRequest => ({
  ...asking({ service: "fetch" })(n),
  input: {
    type: "http",
    href: `http://files.example/${n}?token=${PLANTED}`,
    credentials: { type: "http-basic", username: "dirk", password: `${PLANTED}-mylilsecret` },
  },
});

export const told = (status: "success" | "rejected" | "failed"): End => ({ told: status });
export const kind = (name: string, end: End, changes: Partial<JobKind> = {}): JobKind => ({
  name,
  request: asking(),
  end,
  needsS: 10,
  ...changes,
});

/** Delivered, one way or another. */
const DELIVERED: readonly JobKind[] = [
  kind("callback", told("success"), { runs: 1 }),
  kind("http-input", told("success"), { request: fetching, inputBody: "input", runs: 1 }),
  kind("s3-input", told("success"), {
    request: (n) => ({ ...fetching(n), input: { type: "s3", href: "s3://data/input.bin" } }),
    inputBody: "input",
  }),
  kind("queue", told("success"), { request: asking({ output: { type: "queue" } }), runs: 1 }),
  kind("store", told("success"), { request: asking({ output: { type: "store" } }), runs: 1 }),
  kind("long", told("success"), {
    program: () => ({ takesMs: 100_000, stdout: "3" }),
    needsS: 220,
    runs: 1,
  }),
  kind("signed", told("success"), {
    request: (n) => {
      const signature = { secret: "whsec_UExBTlRFRC1pbmxpbmUtc2VjcmV0LW9mLW9uZS1jbGllbnQ=" };
      const output = { ...callbackOf(n), credentials: { type: "http-basic", ref: "login" }, signature };
      return { ...asking()(n), output: output as JobOutput };
    },
  }),
  kind("callback-late", told("success"), {
    callback: (n) => ({ status: n === 0 ? 500 : 200 }),
    needsS: 20,
  }),
  kind("callback-slow", told("success"), { callback: () => ({ afterMs: 20_000 }), needsS: 90 }),
  kind("callback-busy", told("success"), {
    callback: (n) => (n === 0 ? { status: 503, headers: { "retry-after": "100" } } : {}),
    needsS: 110,
    asksForS: 100,
    faults: [27],
  }),
  kind("callback-full", told("success"), {
    callback: (n) => ({ status: n < 2 ? 429 : 200 }),
    needsS: 200, // each failure that a fault adds doubles what comes after
  }),
  kind("flaky", told("success"), {
    program: (run) => (run === 0 ? { takesMs: 500, code: 1, stderr: "try again" } : { takesMs: 500 }),
    needsS: 40,
  }),
  kind("input-late", told("success"), {
    request: fetching,
    input: (n) => ({ status: n < 4 ? 503 : 200 }),
    needsS: 60,
    faults: [24],
  }),
  kind("input-cut", told("success"), {
    request: fetching,
    input: (n) => ({ body: "some bytes", cut: n < 4 }),
    inputBody: "some bytes",
    needsS: 60,
    faults: [23],
  }),
  kind("files", told("success"), {
    request: asking({ service: "files" }),
    program: () => ({ takesMs: 1_000, writesFile: true }),
    body: /<artifact name="sum.txt"/,
  }),
  kind("flood", told("success"), {
    request: asking({ service: "small" }),
    program: () => ({ takesMs: 1_000, stdout: "x".repeat(200) }),
    body: /truncated="true"/,
    faults: [21],
  }),
  kind("forged", told("success"), {
    attributes: { "drover-identity": `v1.somebody-else.0.${"0".repeat(64)}` },
  }),
];

/** Told that it cannot be. */
const REJECTED: readonly JobKind[] = [
  kind("unknown-service", told("rejected"), { request: asking({ service: "none" }), runs: 0 }),
  kind("bad-request", told("rejected"), {
    request: (n) =>
      `<request service="plain"><bad/><output type="callback" href="http://client.example/${n}"/></request>`,
    runs: 0,
  }),
  kind("bad-parameter", told("rejected"), {
    request: (n) => ({ ...asking()(n), parameters: [{ name: "job", value: "many" }] }),
    runs: 0,
  }),
  kind("input-missing", told("rejected"), {
    request: fetching,
    input: () => ({ status: 404 }),
    runs: 0,
    faults: [24],
  }),
  kind("input-private", told("rejected"), {
    request: fetching,
    input: () => ({ status: 401 }),
    runs: 0,
    faults: [24],
  }),
  kind("input-endless", told("rejected"), {
    request: fetching,
    input: () => ({ silent: true }),
    runs: 0,
    needsS: 90,
  }),
  kind("input-huge", told("rejected"), {
    request: fetching,
    input: () => ({ body: "x".repeat(2_000) }),
    runs: 0,
  }),
];

/** Its program is not done when the client no longer wants it, and there is no time for another try. */
const HURRIED: JobKind = kind("deadline", told("rejected"), {
  request: asking({ service: "hurried", deadlineS: 30 }),
  program: () => ({ takesMs: 100_000, stdout: "3" }),
  needsS: 45,
});

/** Waits for a person. */
const PARKED: readonly JobKind[] = [
  kind("not-xml", { parked: "request-not-xml" }, { request: () => "no XML at all", runs: 0 }),
  kind(
    "secret-unknown",
    { parked: "secret-unknown" },
    {
      request: (n) => ({
        ...asking()(n),
        output: { type: "callback", href: `http://client.example/${n}`, signature: { ref: "nobody" } },
      }),
      runs: 0,
    },
  ),
  kind(
    "callback-refuses",
    { parked: "output-undeliverable" },
    {
      callback: () => ({ status: 403 }),
      needsS: 30,
    },
  ),
  kind(
    "callback-gone",
    { parked: "output-undeliverable" },
    {
      callback: () => ({ status: 410 }),
      faults: [27],
    },
  ),
  kind(
    "fails",
    { told: "failed", parked: "program-failed" },
    {
      request: asking({ service: "patient" }),
      program: () => ({ takesMs: 5_000, code: 3, stderr: "no such lens" }),
      runs: 3,
      needsS: 40,
      faults: [14],
    },
  ),
  kind(
    "killed",
    { told: "failed", parked: "program-killed" },
    {
      request: asking({ service: "once" }),
      program: () => ({ takesMs: 500, signal: "SIGSEGV" }),
      runs: 1,
    },
  ),
  kind(
    "hangs",
    { told: "failed", parked: "program-deadline" },
    {
      request: asking({ service: "once" }),
      program: () => ({ takesMs: Infinity, stubborn: true }),
      runs: 1,
      needsS: 70,
      faults: [19],
    },
  ),
  kind(
    "hungry",
    { told: "failed", parked: "program-out-of-memory" },
    {
      request: asking({ service: "once" }),
      program: () => ({ takesMs: 500, signal: "SIGKILL", exceeded: "memory" }),
      runs: 1,
      faults: [18],
    },
  ),
  kind(
    "poison",
    { told: "rejected", parked: "quarantined" },
    {
      program: () => ({ takesMs: 500, kills: true }),
      runs: 3,
      needsS: 260,
    },
  ),
];

/** Long enough for something to happen meanwhile. */
export const LASTING = DELIVERED.filter((it) => it.name === "long").concat(
  PARKED.filter((it) => it.name === "fails"),
);
export const USUAL: readonly JobKind[] = [...DELIVERED, ...REJECTED, HURRIED, ...PARKED];
