import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide } from "../../../jobs/failure.ts";
import { CODES, type ErrorCode } from "../../../schemas/codes.ts";
import { createSeededRandom } from "../../support/seeded-random.ts";

const codes = Object.keys(CODES) as ErrorCode[];
const anyCode = fc.constantFrom(...codes);
const retries = fc.nat(20);
const OWN = /^(program|output)-(?!undeliverable)/;
const TRANSIENT = ["input-unreachable", "input-incomplete", "input-too-slow"];

describe("what follows from a failure", () => {
  test("ends: after as many failures as the service allows nothing is tried again", () => {
    fc.assert(
      fc.property(anyCode, retries, fc.nat(20), (code, allowed, more) => {
        const { action } = decide({ code, message: "" }, allowed + more, allowed, createSeededRandom());
        expect(action).not.toBe("retry");
      }),
    );
  });

  test("a fault of the request is told at once, whatever is left of the tries", () => {
    const faults = codes.filter((it) => !OWN.test(it) && !TRANSIENT.includes(it));
    expect(faults.length).toBeGreaterThan(15);
    fc.assert(
      fc.property(fc.constantFrom(...faults), fc.nat(20), retries, (code, failed, allowed) => {
        expect(decide({ code, message: "" }, failed, allowed, createSeededRandom())).toEqual({
          action: "reject",
        });
      }),
    );
  });

  test("the program's own failures are tried again, then kept for a person", () => {
    fc.assert(
      fc.property(fc.constantFrom(...codes.filter((it) => OWN.test(it))), retries, (code, allowed) => {
        const actions = Array.from(
          { length: allowed + 1 },
          (_, failed) => decide({ code, message: "" }, failed, allowed, createSeededRandom(failed)).action,
        );
        expect(actions).toEqual([...Array.from({ length: allowed }, () => "retry"), "park"]);
      }),
    );
  });

  test("an input out of reach is tried again, then told: nobody needs to look at the request", () => {
    for (const code of TRANSIENT as ErrorCode[]) {
      expect(decide({ code, message: "" }, 0, 1, createSeededRandom())).toMatchObject({ action: "retry" });
      expect(decide({ code, message: "" }, 1, 1, createSeededRandom())).toEqual({ action: "reject" });
    }
  });

  test("the pause is whole seconds, at least one and at most thirty", () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.integer(), (failed, seed) => {
        const failure = { code: "program-failed" as const, message: "" };
        const decision = decide(failure, failed, 2_000, createSeededRandom(seed));
        if (decision.action !== "retry") throw new Error("There are tries left.");
        expect(Number.isInteger(decision.delayS)).toBe(true);
        expect(decision.delayS).toBeGreaterThanOrEqual(1);
        expect(decision.delayS).toBeLessThanOrEqual(30);
      }),
    );
  });
});
