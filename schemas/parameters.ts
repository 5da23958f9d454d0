import { compilePattern } from "./pattern.ts";
import type { JobRequest, Parameter } from "./request.ts";
import type { ParameterRule, ServiceManifest } from "./service.ts";

export type ParametersVerdict =
  | { ok: true; /** What stands in the place of {parameters}. */ args: string[] }
  | { ok: false; code: "parameter-unknown" | "parameter-invalid" | "parameter-missing"; message: string };

export type RequestVerdict =
  | ParametersVerdict
  | { ok: false; code: "input-missing" | "input-type-refused"; message: string };

/** For strings without a length of their own. */
const DEFAULT_MAX_LENGTH = 256;
/** For strings without a pattern of their own: no blanks, slashes, quotes or "@". */
const DEFAULT_PATTERN = "[A-Za-z0-9._,:+-]*";

/**
 * Whether a service takes a request: its input and its parameters. The client asks before sending and the agent before
 * running, so both give the same answer.
 */
export function checkRequest(manifest: ServiceManifest, request: JobRequest): RequestVerdict {
  const { types } = manifest.input;
  const type = request.input?.type;
  if (type === undefined && types.length > 0) {
    const message = `The service "${manifest.name}" needs an input; add <input type="${types[0]}" href="…"/>.`;
    return { ok: false, code: "input-missing", message };
  }
  if (type !== undefined && !types.includes(type)) {
    const advice =
      types.length === 0 ? "it takes none; leave <input> out" : `it takes ${types.join(" and ")}`;
    const message = `The service "${manifest.name}" does not take an input of type "${type}": ${advice}.`;
    return { ok: false, code: "input-type-refused", message };
  }
  return filterParameters(manifest, request.parameters);
}

/**
 * Turns a request's parameters into arguments of the program, in the manifest's order. Nothing passes that the manifest
 * does not name; a value never becomes an option or a second argument, and no shell ever sees it.
 */
export function filterParameters(
  manifest: ServiceManifest,
  parameters: readonly Parameter[],
): ParametersVerdict {
  const given = new Map<string, string>();
  for (const { name, value } of parameters) {
    if (!manifest.parameters.some((rule) => rule.name === name)) return unknown(manifest, name);
    if (given.has(name))
      return { ok: false, code: "parameter-invalid", message: `The parameter "${name}" stands twice.` };
    given.set(name, value);
  }
  const args: string[] = [];
  for (const rule of manifest.parameters) {
    const value = given.get(rule.name) ?? rule.default;
    if (value === undefined && rule.required === true) {
      const message = `The parameter "${rule.name}" is required: ${rule.summary}`;
      return { ok: false, code: "parameter-missing", message };
    }
    if (value === undefined) continue;
    const wanted = refusal(rule, value);
    if (wanted !== undefined) {
      return {
        ok: false,
        code: "parameter-invalid",
        message: `The parameter "${rule.name}" must be ${wanted}.`,
      };
    }
    args.push(...argumentsOf(rule, value));
  }
  return { ok: true, args };
}

/** What the value must be, when it is not; undefined when it is fine. Never quotes the value. */
export function refusal(rule: ParameterRule, value: string): string | undefined {
  switch (rule.type) {
    case "integer":
      return /^-?(?:0|[1-9][0-9]{0,14})$/.test(value) && inRange(rule, Number(value))
        ? undefined
        : `a whole number${rangeOf(rule)}`;
    case "number":
      return /^-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?$/.test(value) && inRange(rule, Number(value))
        ? undefined
        : `a number such as 2 or -0.5${rangeOf(rule)}`;
    case "boolean":
      return value === "true" || value === "false" ? undefined : '"true" or "false"';
    case "choice":
      return rule.values?.includes(value) === true ? undefined : `one of ${(rule.values ?? []).join(", ")}`;
    case "string":
      return stringRefusal(rule, value);
  }
}

function stringRefusal(rule: ParameterRule, value: string): string | undefined {
  const maxLength = rule.maxLength ?? DEFAULT_MAX_LENGTH;
  const pattern = rule.pattern ?? DEFAULT_PATTERN;
  if (value.length > maxLength) return `a text of at most ${maxLength} characters`;
  // The kernel ends an argument at a NUL.
  if (value.includes("\0")) return "a text without NUL characters";
  if (!compilePattern(pattern).matches(value)) return `a text of the form ${pattern}`;
  // Where the value starts an argument, programs take "-x" for an option and some take "@x" for a file to read.
  if (/^[-@]/.test(value) && rule.flag.some((part) => part.startsWith("{value}"))) {
    return 'a text that starts with neither "-" nor "@"';
  }
  return undefined;
}

function inRange({ min = -Infinity, max = Infinity }: ParameterRule, value: number): boolean {
  return value >= min && value <= max;
}

function rangeOf({ min, max }: ParameterRule): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? "" : ` of at most ${max}`;
}

function argumentsOf(rule: ParameterRule, value: string): string[] {
  if (rule.type === "boolean") return value === "true" ? [...rule.flag] : [];
  return rule.flag.map((part) => part.replaceAll("{value}", () => value));
}

function unknown(manifest: ServiceManifest, name: string): ParametersVerdict {
  const names = manifest.parameters.map((rule) => rule.name);
  const takes = names.length === 0 ? "it takes none" : `it takes ${names.join(", ")}`;
  const message = `The service "${manifest.name}" has no parameter "${name}"; ${takes}.`;
  return { ok: false, code: "parameter-unknown", message };
}
