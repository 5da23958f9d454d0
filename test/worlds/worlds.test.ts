import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { NUMBERED } from "./faults.ts";
import { mutate } from "./hooks.ts";
import { readMutants } from "./mutants.ts";

/** Worlds are played in processes of their own, which import the product's code as it lies here. */
interface Report {
  worlds: number;
  fired: readonly number[];
  missing: readonly number[];
  broken: readonly { what: string; problems: readonly string[] }[];
}

const MAIN = new URL("./main.ts", import.meta.url).pathname;
const LIMIT_MS = 300_000;

async function sim(...args: string[]): Promise<Report> {
  try {
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, [MAIN, ...args, "--json"], { maxBuffer: 2 ** 28 });
    return JSON.parse(stdout) as Report;
  } catch (error) {
    // It exits 1 when something broke, and says what.
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    if (stdout === undefined || stdout === "") {
      throw new Error(`The worlds could not be played: ${stderr}`, { cause: error });
    }
    return JSON.parse(stdout) as Report;
  }
}

/** Both halves of the work at the same time. */
async function inHalves(...args: string[]): Promise<Report[]> {
  return await Promise.all(["1/2", "2/2"].map((part) => sim(...args, "--part", part)));
}

describe("simulated worlds", { timeout: LIMIT_MS }, () => {
  test("every schedule of one fault ends as it must", async () => {
    const halves = await inHalves("--faults", "1");
    expect(halves.flatMap((it) => it.broken)).toEqual([]);
    expect(halves.reduce((sum, it) => sum + it.worlds, 0)).toBeGreaterThan(4_500);
  });

  test("20,000 random worlds end as they must, and every numbered fault happens", async () => {
    const halves = await inHalves("--seeds", "20000");
    expect(halves.flatMap((it) => it.broken)).toEqual([]);
    const fired = new Set(halves.flatMap((it) => it.fired));
    expect(Object.keys(NUMBERED).filter((it) => !fired.has(Number(it)))).toEqual([]);
  });

  test.each([
    "delete-before-delivery",
    "unconditional-commit",
    "busy-claim-ignored",
    "lease-never-lost",
    "quarantined-too-early",
    "unsigned-identity",
    "query-in-messages",
  ])("the planted bug %s is found", async (id) => {
    const { broken } = await sim("--mutant", id, "--seeds", "2000");
    expect(broken.length).toBeGreaterThan(0);
  });
});

describe("planted bugs", () => {
  test("each has its place in the code", () => {
    for (const it of readMutants()) {
      const text = readFileSync(new URL(`../../${it.file}`, import.meta.url), "utf8");
      expect(mutate(text, it), it.id).not.toBe(text);
    }
  });

  test("one whose place is gone, or not unique, is refused", () => {
    const bug = { id: "bug", file: "", find: "a", replace: "b", sentence: "" };
    expect(() => mutate("nothing like it", { ...bug, find: "x = 1" })).toThrow(/does not apply/);
    expect(() => mutate("a a", bug)).toThrow(/exactly once/);
  });
});
