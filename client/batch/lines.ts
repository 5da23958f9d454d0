import { DroverError, reasonOf } from "../../base/errors.ts";
import { isJobFlag, underscored } from "../flags.ts";
import type { JobFlagName, JobFlags } from "../flags.ts";
import { RefusedRequest } from "../refusal.ts";
import type { Fault } from "../refusal.ts";

/**
 * One job a line: an input URL, or a JSON object with the flags' names as keys. What a line does not say, the
 * command line's flags say for all. Empty lines and lines that start with # are skipped.
 *
 *     https://example.org/one.mov
 *     {"input": "s3://clips/two.mov", "param": {"R": -100}, "reference": "clip-two"}
 */
export interface BatchLine {
  /** 1 is the first. */
  number: number;
  text: string;
}

/** SQS takes no larger message, so no line can be a request. */
const MAX_LINE_CHARACTERS = 1_048_576;
/** All of them are kept until they are sent; more than this goes into several files. */
const MAX_JOBS = 100_000;

/** @throws DroverError `batch-too-large` */
export async function readLines(chunks: AsyncIterable<Uint8Array>): Promise<BatchLine[]> {
  const lines: BatchLine[] = [];
  const decoder = new TextDecoder();
  let [rest, number] = ["", 0];
  const take = (text: string) => {
    number += 1;
    const trimmed = text.trim();
    if (trimmed === "" || trimmed.startsWith("#")) return;
    lines.push({ number, text: trimmed });
    if (lines.length > MAX_JOBS) throw tooLarge(`more than ${MAX_JOBS} jobs`);
  };
  for await (const chunk of chunks) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    if (rest.length > MAX_LINE_CHARACTERS) throw tooLarge(`a line ${number + 1} of more than 1 MiB`);
    for (const part of parts) take(part);
  }
  take(rest + decoder.decode());
  return lines;
}

function tooLarge(what: string): DroverError {
  return new DroverError("batch-too-large", `The batch has ${what}. Split it into several files.`);
}

/**
 * The flags of a line's job. `{line}` in the defaults' reference becomes the line's number.
 * @throws RefusedRequest `batch-line-invalid` with every fault of the line
 */
export function flagsOfLine({ number, text }: BatchLine, defaults: JobFlags): JobFlags {
  const own = text.startsWith("{") ? fromJson(text) : { input: text };
  const flags: JobFlags = { ...defaults, ...own };
  if (own.reference === undefined && defaults.reference !== undefined) {
    flags.reference = defaults.reference.replaceAll("{line}", String(number));
  }
  // A line's parameters stand in for defaults of the same name; the others stay.
  const names = new Set((own.param ?? []).map((it) => nameOf(it)));
  const kept = (defaults.param ?? []).filter((it) => !names.has(nameOf(it)));
  flags.param = [...kept, ...(own.param ?? [])];
  return flags;
}

const nameOf = (param: string) => param.slice(0, Math.max(0, param.indexOf(":")));

function fromJson(text: string): JobFlags {
  const faults: Fault[] = [];
  const flags: JobFlags = {};
  for (const [key, value] of Object.entries(parseObject(text))) {
    const name = underscored(key);
    if (!isJobFlag(name)) faults.push(fault(`There is no flag ${JSON.stringify(key)} for a job.`));
    else if (name === "param") flags.param = paramsOf(value, faults);
    else if (typeof value === "string" || typeof value === "number") setFlag(flags, name, String(value));
    else faults.push(fault(`${key} must be a text or a number.`));
  }
  if (faults.length > 0) throw new RefusedRequest(faults);
  return flags;
}

function setFlag(flags: JobFlags, name: Exclude<JobFlagName, "param">, value: string): void {
  flags[name] = value;
}

function parseObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch (error) {
    // JSON.parse quotes what it was given, and that may hold a password: only the place is said.
    const place = /position \d+/.exec(reasonOf(error))?.[0];
    throw new RefusedRequest([
      fault(`The line is not valid JSON${place === undefined ? "" : ` (${place})`}.`),
    ]);
  }
  throw new RefusedRequest([fault("The line must be a JSON object.")]);
}

/** `["R:-100"]`, `"R:-100"` or `{"R": -100}`. */
function paramsOf(value: unknown, faults: Fault[]): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value) && value.every((it) => typeof it === "string")) return value;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const pairs = Object.entries(value);
    if (pairs.every(([, it]) => ["string", "number", "boolean"].includes(typeof it))) {
      return pairs.map(([name, it]) => `${name}:${String(it)}`);
    }
  }
  faults.push(fault('param must be {"NAME": VALUE, …} or ["NAME:VALUE", …].'));
  return [];
}

function fault(message: string): Fault {
  return { code: "batch-line-invalid", message };
}
