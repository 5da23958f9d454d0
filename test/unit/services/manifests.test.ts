import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readArgs } from "../../../services/analyze/args.ts";

const root = join(import.meta.dirname, "../../..");
const services = join(root, "services");
const documentation = readFileSync(join(root, "docs/services.md"), "utf8");
const names = readdirSync(services).filter((name) => existsSync(join(services, name, "service.yaml")));

interface Parameter {
  name: string;
  type: string;
  min?: number;
  max?: number;
  values?: string[];
  default?: string;
  flag: string[];
}

function manifest(name: string): { name: string; command: string[]; parameters: Parameter[] } {
  return parse(readFileSync(join(services, name, "service.yaml"), "utf8"));
}

function accepts({ flag }: Parameter, value: string): boolean {
  try {
    readArgs(["--input", "x", ...flag.map((part) => part.replace("{value}", value))]);
    return true;
  } catch {
    return false;
  }
}

test("both services are here", () => {
  expect(names).toEqual(expect.arrayContaining(["analyze", "checksum"]));
});

describe.each(names)("%s", (name) => {
  test("is named as its folder", () => {
    expect(manifest(name).name).toBe(name);
  });

  test("uses documented keys only", () => {
    const keys = Object.entries(manifest(name)).flatMap(([key, value]) =>
      typeof value === "object" && !Array.isArray(value) && value !== null && key !== "env"
        ? Object.keys(value).map((inner) => `${key}.${inner}`)
        : [key === "parameters" ? "parameters[]" : key],
    );
    for (const key of keys) expect(documentation).toContain(`\`${key}\``);
  });
});

test("the worked example of the documentation is the service itself", () => {
  expect(documentation).toContain(readFileSync(join(services, "checksum/service.yaml"), "utf8"));
});

describe("the analyze program takes every value that its manifest allows, and none beside them", () => {
  test.each(manifest("analyze").parameters.map((parameter) => [parameter.name, parameter] as const))(
    "%s",
    (_, parameter) => {
      const { min, max, values = [], default: preset } = parameter;
      const allowed = [min, max, preset, ...values].filter((value) => value !== undefined).map(String);
      for (const value of allowed) expect(accepts(parameter, value)).toBe(true);
      const outside = [min === undefined ? "?" : String(min - 1), max === undefined ? "?" : String(max + 1)];
      for (const value of outside) expect(accepts(parameter, value)).toBe(false);
    },
  );
});
