import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ParameterRule, ServiceManifest } from "../../../schemas/service.ts";
import { parseManifest } from "../../../schemas/service-manifest.ts";
import { readArgs } from "../../../services/analyze/args.ts";

const root = join(import.meta.dirname, "../../..");
const services = join(root, "services");
const documentation = readFileSync(join(root, "docs/services.md"), "utf8");
const names = readdirSync(services).filter((name) => existsSync(join(services, name, "service.yaml")));

function manifest(name: string): ServiceManifest {
  const path = join(services, name, "service.yaml");
  return parseManifest(readFileSync(path, "utf8"), path);
}

function accepts({ flag }: ParameterRule, value: string): boolean {
  try {
    readArgs(["--input", "x", ...flag.map((part) => part.replace("{value}", value))]);
    return true;
  } catch {
    return false;
  }
}

test("every service has a manifest that an agent takes, named as its folder", () => {
  expect(names).toEqual(expect.arrayContaining(["analyze", "checksum"]));
  expect(names.map((name) => manifest(name).name)).toEqual(names);
});

test("the documentation explains every key of the schema", () => {
  const schema: Schema = JSON.parse(readFileSync(join(root, "schemas/service.schema.json"), "utf8"));
  const keys = keysOf(schema);
  expect(keys.length).toBeGreaterThan(20);
  for (const key of keys) expect(documentation).toContain(`\`${key}\``);
});

interface Schema {
  properties?: Record<string, Schema>;
}

function keysOf({ properties = {} }: Schema): string[] {
  return Object.entries(properties).flatMap(([key, inner]) => [
    key,
    ...keysOf(inner).map((name) => `${key}.${name}`),
  ]);
}

test("the worked example of the documentation is the service itself", () => {
  expect(documentation).toContain(readFileSync(join(services, "checksum/service.yaml"), "utf8"));
});

describe("the analyze program takes every value that its manifest allows, and none beside them", () => {
  const parameters = manifest("analyze").parameters.map((rule) => [rule.name, rule] as const);
  test.each(parameters)("%s", (_, rule) => {
    const { min, max, values = [], default: preset } = rule;
    const allowed = [min, max, preset, ...values].filter((value) => value !== undefined).map(String);
    for (const value of allowed) expect(accepts(rule, value)).toBe(true);
    const outside = [min === undefined ? "?" : String(min - 1), max === undefined ? "?" : String(max + 1)];
    for (const value of outside) expect(accepts(rule, value)).toBe(false);
  });
});
