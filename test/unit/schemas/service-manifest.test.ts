import { readdirSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parseByteSize } from "../../../schemas/byte-size.ts";
import { parseManifest } from "../../../schemas/service-manifest.ts";

const LEAST = `
name: tool
version: "1"
summary: A tool.
command: [tool, "{parameters}"]
result: { kind: text }
`;

/** The sentence of the refusal; fails when the manifest passes. */
function refusal(yaml: string): string {
  try {
    parseManifest(yaml, "tool/service.yaml");
  } catch (error) {
    expect(error).toMatchObject({ code: "service-invalid" });
    return error instanceof Error ? error.message : "";
  }
  throw new Error("The manifest passed.");
}

const parameter = (text: string) => `${LEAST}parameters:\n  - { name: p, summary: s, ${text} }\n`;

describe("parseManifest", () => {
  it("fills in the documented defaults", () => {
    expect(parseManifest(LEAST, "x")).toEqual({
      name: "tool",
      version: "1",
      summary: "A tool.",
      mode: "oneshot",
      command: ["tool", "{parameters}"],
      input: { types: [], maxBytes: 2 ** 30, timeoutS: 600 },
      parameters: [],
      requires: { programs: [], files: [], architectures: [] },
      env: {},
      network: false,
      devices: [],
      readable: [],
      limits: { diskBytes: 10 * 2 ** 30, processes: 1024 },
      timeoutS: 600,
      retries: 2,
      inputFaultExitCodes: [],
      result: { kind: "text", maxBytes: 2 ** 20 },
    });
  });

  it("takes both sources for an input section that names none, and sizes with units", () => {
    const { input } = parseManifest(`${LEAST}input: { max_bytes: 500MB, timeout_s: 60 }`, "x");
    expect(input).toEqual({ types: ["http", "s3"], maxBytes: 500_000_000, timeoutS: 60 });
  });

  it("does not share defaults between manifests", () => {
    const first = parseManifest(LEAST, "x");
    Object.assign(first.env, { X: "1" });
    expect(parseManifest(LEAST, "x").env).toEqual({});
  });

  it("takes numbers and booleans as defaults and values", () => {
    const { parameters } = parseManifest(
      `${LEAST}parameters:
  - { name: size, summary: s, type: choice, values: [128, 256], default: 128, flag: ["--size={value}"] }
  - { name: fast, summary: s, type: boolean, default: false, flag: [--fast] }
  - { name: tag, summary: s, type: string, max_length: 9, pattern: "[a-z]+", flag: [-t, "{value}"] }
`,
      "x",
    );
    expect(parameters).toMatchObject([
      { values: ["128", "256"], default: "128" },
      { default: "false" },
      { maxLength: 9, pattern: "[a-z]+" },
    ]);
  });

  it("says everything that is wrong at once, with the file's name", () => {
    const message = refusal(
      "name: Tool\ncommand: tool {input}\nresult: { kind: xml, max_bytes: 1XB }\ncolour: red\n",
    );
    for (const part of [
      "tool/service.yaml",
      "'version'",
      "'summary'",
      "name: ",
      "must be a list of arguments",
      "text, json, files",
      '"2GiB"',
      '"colour"',
    ]) {
      expect(message).toContain(part);
    }
  });

  it.each([
    [LEAST.replace('"{parameters}"', '"{inputs}"'), "{inputs} is not known"],
    [LEAST.replace('"{parameters}"', '"--all={parameters}"'), "an argument of its own"],
    [LEAST.replace('"{parameters}"', '"{parameters}", "{parameters}"'), "more than once"],
    [LEAST.replace('"{parameters}"', '"{input}"'), "takes no input"],
    [parameter('type: integer, min: 5, max: 1, flag: ["{value}"]'), "min is above max"],
    [parameter('type: integer, values: [a], flag: ["{value}"]'), "values is for choice"],
    [parameter('type: choice, flag: ["{value}"]'), "needs values"],
    [parameter('type: string, pattern: "(a", flag: ["{value}"]'), "pattern: "],
    [parameter('type: integer, default: x, flag: ["{value}"]'), "its default must be a whole number"],
    [parameter('type: integer, default: 1, required: true, flag: ["{value}"]'), "exclude each other"],
    [parameter("type: integer, flag: [-p]"), "{value} is missing"],
    [parameter('type: boolean, flag: ["-p={value}"]'), "have no {value}"],
    [parameter('type: integer, flag: ["{input}{value}"]'), "{input} is not known"],
    [
      `${parameter('type: integer, flag: ["{value}"]')}  - { name: p, summary: s, type: boolean, flag: [-p] }`,
      "two have the name",
    ],
    [`${LEAST}timeout_s: 40000`, "timeout_s: "],
    [`${LEAST}requires: { files: [../../etc/passwd] }`, "requires.files.0"],
    [`${LEAST}env: { "A=B": c }`, "env"],
    [`${LEAST}input: { max_bytes: 0.0001kB }`, "max_bytes"],
    ["a: [", "not YAML"],
    ["- a", "the file: must be object"],
    ["", "the file: must be object"],
    ["a: 1\na: 2", "not YAML"],
    [
      `a: &a [x]\nb: &b [${"*a,".repeat(50)}]\nc: &c [${"*b,".repeat(50)}]\nd: [${"*c,".repeat(50)}]`,
      "not usable YAML",
    ],
    ["x".repeat(300_000), "at most 262144"],
  ])("refuses %j", (yaml, reason) => {
    expect(refusal(yaml)).toContain(reason);
  });

  it("reads every service of this repository", () => {
    const folder = new URL("../../../services/", import.meta.url);
    const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(names.length).toBeGreaterThan(0);
    for (const { name } of names) {
      const yaml = readFileSync(new URL(`${name}/service.yaml`, folder), "utf8");
      expect(parseManifest(yaml, name).name).toBe(name);
    }
  });

  it("has a schema that is valid JSON Schema, strictly", () => {
    const schema = JSON.parse(
      readFileSync(new URL("../../../schemas/service.schema.json", import.meta.url), "utf8"),
    );
    expect(new Ajv({ allowUnionTypes: true, strict: true }).validateSchema(schema)).toBe(true);
  });
});

describe("parseByteSize", () => {
  it.each([
    [1000, 1000],
    ["1000B", 1000],
    ["500MB", 500_000_000],
    ["2GiB", 2_147_483_648],
    ["1.5 KiB", 1536],
    ["64kB", 64_000],
  ])("%j is %d bytes", (size, bytes) => {
    expect(parseByteSize(size)).toBe(bytes);
  });

  it.each(["", "MB", "1", "-1MB", "1XB", "1mb", "1e3B", "9999999TiB", 1.5, -1])("%j is none", (size) => {
    expect(parseByteSize(size)).toBeUndefined();
  });
});
