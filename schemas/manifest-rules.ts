import { parseByteSize } from "./byte-size.ts";
import { refusal } from "./parameters.ts";
import { compilePattern } from "./pattern.ts";
import type { ParameterRule, ServiceManifest } from "./service.ts";

const COMMAND_PLACEHOLDERS = ["input", "outputDir", "serviceDir", "node", "cpus", "parameters"];

/** Everything about a manifest that JSON Schema cannot say; one sentence each, empty when all is well. */
export function brokenRules(manifest: ServiceManifest): string[] {
  return [
    ...commandRules(manifest),
    ...sizeRules(manifest),
    ...duplicates(manifest.parameters.map((rule) => rule.name)).map(
      (name) => `parameters: two have the name "${name}"`,
    ),
    ...manifest.parameters.flatMap((rule) =>
      parameterRules(rule).map((what) => `parameter "${rule.name}": ${what}`),
    ),
  ];
}

function commandRules({ command, input }: ServiceManifest): string[] {
  const found: string[] = [];
  const used = command.flatMap(placeholders);
  for (const name of used.filter((one) => !COMMAND_PLACEHOLDERS.includes(one))) {
    const known = COMMAND_PLACEHOLDERS.map((one) => `{${one}}`).join(" ");
    found.push(`command: the placeholder {${name}} is not known; there are ${known}`);
  }
  const standing = command.filter((argument) => argument.includes("{parameters}"));
  if (standing.some((argument) => argument !== "{parameters}")) {
    found.push("command: {parameters} must be an argument of its own, since it becomes several");
  }
  if (standing.length > 1) found.push("command: {parameters} stands more than once");
  if (used.includes("input") && input.types.length === 0) {
    found.push("command: {input} is used but the service takes no input; add input.types");
  }
  return found;
}

function sizeRules({ input, limits, result }: ServiceManifest): string[] {
  const found: string[] = [];
  if (Number.isNaN(input.maxBytes)) found.push("input.max_bytes: not a whole number of bytes");
  if (Number.isNaN(limits.memoryBytes)) found.push("limits.memory_bytes: not a whole number of bytes");
  if (Number.isNaN(limits.diskBytes)) found.push("limits.disk_bytes: not a whole number of bytes");
  if (Number.isNaN(result.maxBytes)) found.push("result.max_bytes: not a whole number of bytes");
  return found;
}

/** Which property belongs to which type of parameter. */
const BELONGS: readonly (readonly [keyof ParameterRule, string, readonly ParameterRule["type"][]])[] = [
  ["min", "min", ["integer", "number"]],
  ["max", "max", ["integer", "number"]],
  ["values", "values", ["choice"]],
  ["pattern", "pattern", ["string"]],
  ["maxLength", "max_length", ["string"]],
];

function parameterRules(rule: ParameterRule): string[] {
  const found = BELONGS.filter(([key, , types]) => rule[key] !== undefined && !types.includes(rule.type)).map(
    ([, name, types]) => `${name} is for ${types.join(" and ")}, not for ${rule.type}`,
  );
  if (rule.type === "choice" && rule.values === undefined) found.push("a choice needs values");
  if (rule.min !== undefined && rule.max !== undefined && rule.min > rule.max) found.push("min is above max");
  if (rule.required === true && rule.default !== undefined) {
    found.push("required and default exclude each other");
  }
  found.push(...flagRules(rule));
  const pattern = patternFault(rule);
  if (pattern !== undefined) return [...found, pattern];
  const wanted = rule.default === undefined ? undefined : refusal(rule, rule.default);
  if (wanted !== undefined) found.push(`its default must be ${wanted}`);
  return found;
}

function flagRules({ flag, type }: ParameterRule): string[] {
  const used = flag.flatMap(placeholders);
  const strange = used
    .filter((name) => name !== "value")
    .map((name) => `flag: {${name}} is not known; only {value} is`);
  const hasValue = used.includes("value");
  if (type === "boolean" && hasValue) strange.push("flag: a boolean's arguments have no {value}");
  if (type !== "boolean" && !hasValue) strange.push("flag: {value} is missing, so the value would be lost");
  return strange;
}

function patternFault({ pattern }: ParameterRule): string | undefined {
  if (pattern === undefined) return undefined;
  try {
    compilePattern(pattern);
    return undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return `pattern: ${error.message}`;
  }
}

function placeholders(argument: string): string[] {
  return [...argument.matchAll(/\{([A-Za-z_]+)\}/g)].map(([, name]) => name ?? "");
}

function duplicates(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

/** Bytes of a size that the schema let pass; NaN, which brokenRules() reports, where it is no whole number. */
export function bytesOf(size: number | string): number {
  return parseByteSize(size) ?? Number.NaN;
}
