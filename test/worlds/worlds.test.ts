import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { MAIN_MISHAPS } from "./faults.ts";
import { mutate } from "./hooks.ts";
import { readMutants } from "./mutants.ts";
import { play, playInShares } from "./shares.ts";

/** Only a bound: a loaded machine is slow. */
const LIMIT_MS = 900_000;

describe("simulated worlds", { timeout: LIMIT_MS }, () => {
  test("every schedule of one fault ends as it must", async () => {
    const { broken, worlds } = await playInShares(["--faults", "1"]);
    expect(broken).toEqual([]);
    expect(worlds).toBeGreaterThan(4_500);
  });

  test("every schedule of two faults ends as it must", async () => {
    const { broken, worlds } = await playInShares(["--faults", "2", "--mishaps", MAIN_MISHAPS.join(",")]);
    expect(broken).toEqual([]);
    expect(worlds).toBeGreaterThan(100_000);
  });

  test("20,000 random worlds end as they must, and every numbered fault happens", async () => {
    const { broken, missing } = await playInShares(["--seeds", "20000"]);
    expect(broken).toEqual([]);
    expect(missing).toEqual([]);
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
    const { broken } = await play("--mutant", id, "--seeds", "2000");
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
