import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkRequest, filterParameters } from "../../../schemas/parameters.ts";
import type { JobRequest } from "../../../schemas/request.ts";
import type { ParameterRule, ServiceManifest } from "../../../schemas/service.ts";

function manifestWith(parameters: ParameterRule[], types: ("http" | "s3")[] = []): ServiceManifest {
  return {
    name: "tool",
    version: "1",
    summary: "A tool.",
    mode: "oneshot",
    command: ["tool"],
    input: { types, maxBytes: 1_000, timeoutS: 10 },
    parameters,
    requires: { programs: [], files: [], architectures: [] },
    env: {},
    network: false,
    devices: [],
    readable: [],
    limits: { diskBytes: 1_000, processes: 10 },
    timeoutS: 10,
    retries: 0,
    inputFaultExitCodes: [],
    result: { kind: "text", maxBytes: 1_000 },
  };
}

const rule = (type: ParameterRule["type"], more: Partial<ParameterRule> = {}): ParameterRule => ({
  name: "p",
  summary: "A parameter.",
  type,
  flag: type === "boolean" ? ["-p"] : ["-p", "{value}"],
  ...more,
});

const filter = (one: ParameterRule, value: string) =>
  filterParameters(manifestWith([one]), [{ name: "p", value }]);

const request = (more: Partial<JobRequest>): JobRequest => ({
  service: "tool",
  parameters: [],
  output: { type: "store" },
  ...more,
});

describe("filterParameters", () => {
  it("turns the article's parameter into arguments", () => {
    const smile = rule("integer", { name: "R", min: -1000, max: 1000, flag: ["-R", "{value}"] });
    expect(filterParameters(manifestWith([smile]), [{ name: "R", value: "-100" }])).toEqual({
      ok: true,
      args: ["-R", "-100"],
    });
  });

  it.each([
    ["integer", "0", "-0", "7", "-100", "999999999999999"],
    ["number", "0", "2.5", "-0.25", "10"],
    ["boolean", "true"],
    ["string", "", "abc", "a,b:c+d-e.f_1"],
  ] as const)("takes %s values %s …", (type, ...values) => {
    for (const value of values) expect(filter(rule(type), value)).toMatchObject({ ok: true });
  });

  it.each([
    [
      "integer",
      "",
      " 1",
      "1 ",
      "+1",
      "01",
      "1.0",
      "1e3",
      "0x10",
      "١",
      "1\n",
      "NaN",
      "9999999999999999",
      "--1",
    ],
    ["number", "", ".5", "5.", "1e3", "Infinity", "1,5", "0x1", "-", "1\n"],
    ["boolean", "", "1", "yes", "TRUE", "true "],
    [
      "string",
      "a b",
      "a/b",
      "-o",
      "--",
      "@file",
      "$(id)",
      "`id`",
      "a;b",
      "a\nb",
      "é",
      "a\0b",
      "x".repeat(257),
    ],
  ] as const)("refuses %s values %j …", (type, ...values) => {
    for (const value of values) {
      expect([value, filter(rule(type), value)]).toMatchObject([
        value,
        { ok: false, code: "parameter-invalid" },
      ]);
    }
  });

  it("holds ranges, choices, lengths and patterns, and says what is allowed without quoting the value", () => {
    expect(filter(rule("integer", { min: 1, max: 64 }), "65")).toMatchObject({
      message: 'The parameter "p" must be a whole number from 1 to 64.',
    });
    expect(filter(rule("number", { min: 0.1 }), "0")).toMatchObject({
      message: expect.stringContaining("at least 0.1"),
    });
    expect(filter(rule("choice", { values: ["tiny", "retina"] }), "hunter2")).toMatchObject({
      message: 'The parameter "p" must be one of tiny, retina.',
    });
    expect(filter(rule("string", { maxLength: 3 }), "abcd")).toMatchObject({
      message: expect.stringContaining("3"),
    });
    expect(filter(rule("string", { pattern: "[a-z]+/[a-z]+" }), "a/b")).toEqual({
      ok: true,
      args: ["-p", "a/b"],
    });
    expect(filter(rule("string", { pattern: "[a-z]+" }), "a/b")).toMatchObject({ ok: false });
  });

  it("lets no text become an option or the name of a file to read", () => {
    const free = rule("string", { pattern: ".*", flag: ["-p", "{value}"] });
    const joined = rule("string", { pattern: ".*", flag: ["--p={value}"] });
    for (const value of ["-o", "--", "--exec=sh", "-", "@/etc/passwd"]) {
      expect(filter(free, value)).toMatchObject({ ok: false });
      expect(filter(joined, value)).toEqual({ ok: true, args: [`--p=${value}`] });
    }
    expect(filter(rule("string", { pattern: "[^x]*" }), "a\0b")).toMatchObject({ ok: false });
  });

  it("puts a value into exactly one argument, unchanged", () => {
    const free = rule("string", { pattern: "[^x]*", flag: ["--p={value}", "{value}", "{value}$&{value}"] });
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("$", "&", "'", " ", "{value}", "\n", "-", "a") }),
        (value) => {
          const verdict = filter(free, `a${value}`.slice(0, 256));
          const kept = `a${value}`.slice(0, 256);
          expect(verdict).toEqual({ ok: true, args: [`--p=${kept}`, kept, `${kept}$&${kept}`] });
        },
      ),
    );
  });

  it("leaves a false boolean's arguments out and applies defaults in the manifest's order", () => {
    const rules = [
      rule("integer", { name: "a", default: "5", flag: ["-a", "{value}"] }),
      rule("boolean", { name: "b", default: "true", flag: ["-b"] }),
      rule("string", { name: "c", flag: ["-c", "{value}"] }),
    ];
    expect(filterParameters(manifestWith(rules), [])).toEqual({ ok: true, args: ["-a", "5", "-b"] });
    const given = [
      { name: "c", value: "x" },
      { name: "b", value: "false" },
      { name: "a", value: "1" },
    ];
    expect(filterParameters(manifestWith(rules), given)).toEqual({ ok: true, args: ["-a", "1", "-c", "x"] });
  });

  it("refuses what is unknown, absent or twice there", () => {
    const needed = manifestWith([rule("integer", { required: true })]);
    expect(filterParameters(needed, [])).toMatchObject({ code: "parameter-missing" });
    expect(filterParameters(needed, [{ name: "q", value: "1" }])).toMatchObject({
      code: "parameter-unknown",
      message: 'The service "tool" has no parameter "q"; it takes p.',
    });
    const twice = [
      { name: "p", value: "1" },
      { name: "p", value: "2" },
    ];
    expect(filterParameters(needed, twice)).toMatchObject({ code: "parameter-invalid" });
    for (const name of ["__proto__", "constructor", "toString"]) {
      expect(filterParameters(needed, [{ name, value: "1" }])).toMatchObject({ code: "parameter-unknown" });
    }
  });
});

describe("checkRequest", () => {
  const http = { type: "http", href: "http://x/" } as const;

  it("asks for an input where the service needs one", () => {
    expect(checkRequest(manifestWith([], ["s3"]), request({}))).toMatchObject({ code: "input-missing" });
  });

  it("refuses an input that the service does not take", () => {
    expect(checkRequest(manifestWith([], ["s3"]), request({ input: http }))).toMatchObject({
      code: "input-type-refused",
      message: expect.stringContaining("it takes s3"),
    });
    expect(checkRequest(manifestWith([]), request({ input: http }))).toMatchObject({
      code: "input-type-refused",
    });
  });

  it("gives the arguments of a request that the service takes", () => {
    const manifest = manifestWith([rule("integer")], ["http"]);
    const taken = request({ input: http, parameters: [{ name: "p", value: "3" }] });
    expect(checkRequest(manifest, taken)).toEqual({ ok: true, args: ["-p", "3"] });
  });
});
