import { Ajv } from "ajv";
import type { ErrorObject, ValidateFunction } from "ajv";
import { parseDocument } from "yaml";
import { DroverError } from "../base/errors.ts";
import { brokenRules, bytesOf } from "./manifest-rules.ts";
import { readSchemaFile } from "./schema-file.ts";
import type { ParameterRule, ServiceManifest } from "./service.ts";

/** A service.yaml is a page long; this bounds what reading one can cost. */
const MAX_MANIFEST_CHARS = 262_144;

type Scalar = string | number | boolean;

/** The content of a service.yaml once service.schema.json has checked it and filled in its defaults. */
interface ManifestDocument {
  name: string;
  version: string;
  summary: string;
  mode: "oneshot";
  command: string[];
  input: { types: ("http" | "s3")[]; max_bytes: number | string; timeout_s: number };
  parameters: (Omit<ParameterRule, "maxLength" | "default" | "values"> & {
    max_length?: number;
    default?: Scalar;
    values?: Scalar[];
  })[];
  requires: { programs: string[]; files: string[]; architectures: string[] };
  install?: string[];
  env: Record<string, string>;
  network: boolean;
  devices: "gpu"[];
  readable: string[];
  limits: { memory_bytes?: number | string; disk_bytes: number | string; processes: number };
  timeout_s: number;
  retries: number;
  input_fault_exit_codes: number[];
  result: { kind: "text" | "json" | "files"; max_bytes: number | string };
}

/**
 * Reads a service.yaml.
 * @param where names the file in errors
 * @throws DroverError `service-invalid` with everything that is wrong, one sentence each
 */
export function parseManifest(yamlText: string, where: string): ServiceManifest {
  const content = parseYaml(yamlText, where);
  const check = schemaCheck();
  if (!check(content)) throw invalid(where, describe(check.errors ?? []));
  const manifest = toManifest(content);
  const broken = brokenRules(manifest);
  if (broken.length > 0) throw invalid(where, broken);
  return manifest;
}

let compiledCheck: ValidateFunction<ManifestDocument> | undefined;

function schemaCheck(): ValidateFunction<ManifestDocument> {
  compiledCheck ??= new Ajv({
    allErrors: true,
    useDefaults: true,
    allowUnionTypes: true,
    // The schema is ours and tested.
    meta: false,
    validateSchema: false,
  }).compile<ManifestDocument>(JSON.parse(readSchemaFile("service.schema.json")));
  return compiledCheck;
}

function parseYaml(text: string, where: string): unknown {
  if (text.length > MAX_MANIFEST_CHARS) {
    throw invalid(where, [`it has ${text.length} characters; at most ${MAX_MANIFEST_CHARS} are read`]);
  }
  const document = parseDocument(text, { prettyErrors: true });
  const [first] = document.errors;
  if (first !== undefined) {
    throw invalid(
      where,
      document.errors.map((error) => `it is not YAML: ${error.message.split("\n")[0] ?? error.code}`),
    );
  }
  try {
    return document.toJS();
  } catch (error) {
    // Aliases that unfold into too much.
    throw invalid(where, [`it is not usable YAML: ${error instanceof Error ? error.message : "unknown"}`]);
  }
}

function toManifest(content: ManifestDocument): ServiceManifest {
  const { input, parameters, timeout_s: timeoutS, input_fault_exit_codes, limits, result, ...same } = content;
  const { memory_bytes: memory, disk_bytes: disk, processes } = limits;
  return {
    ...same,
    input: { types: input.types, maxBytes: bytesOf(input.max_bytes), timeoutS: input.timeout_s },
    parameters: parameters.map(({ max_length: maxLength, default: preset, values, ...rule }) => ({
      ...rule,
      ...(maxLength === undefined ? {} : { maxLength }),
      ...(preset === undefined ? {} : { default: String(preset) }),
      ...(values === undefined ? {} : { values: values.map(String) }),
    })),
    limits: {
      ...(memory === undefined ? {} : { memoryBytes: bytesOf(memory) }),
      diskBytes: bytesOf(disk),
      processes,
    },
    timeoutS,
    inputFaultExitCodes: input_fault_exit_codes,
    result: { kind: result.kind, maxBytes: bytesOf(result.max_bytes) },
  };
}

function describe(errors: readonly ErrorObject[]): string[] {
  return [...new Set(errors.map(sentence).filter((text) => text !== undefined))];
}

function sentence({ instancePath, keyword, message, params }: ErrorObject): string | undefined {
  const place = instancePath.slice(1).replaceAll("/", ".") || "the file";
  if (/^(command|install)$/.test(place) && keyword === "type") {
    return `${place}: must be a list of arguments such as ["ffmpeg", "-i", "{input}"]; Drover runs no shell`;
  }
  if (/(^|[._])bytes$/.test(place)) {
    return `${place}: must be a number of bytes such as 1000000, "500MB" or "2GiB"`;
  }
  if (keyword === "additionalProperties")
    return `${place}: has no property "${String(params["additionalProperty"])}"`;
  if (keyword === "enum") return `${place}: must be one of ${[params["allowedValues"]].flat().join(", ")}`;
  if (keyword === "propertyNames") return undefined;
  return `${place}: ${message ?? "is not valid"}`;
}

function invalid(where: string, reasons: readonly string[]): DroverError {
  return new DroverError(
    "service-invalid",
    `${where} is not a valid service manifest. ${reasons.join("; ")}.`,
  );
}
