import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide, type Patience } from "../../../jobs/failure.ts";
import { type History, NO_HISTORY } from "../../../jobs/history.ts";
import { CODES, type ErrorCode } from "../../../schemas/codes.ts";
import { createSeededRandom } from "../../support/seeded-random.ts";

const codes = Object.keys(CODES) as ErrorCode[];
const retries = fc.nat(20);
const OWN = /^(program-|disk-exceeded|output-(?!undeliverable))/;
const DEPENDENCY: ErrorCode[] = ["input-unreachable", "input-incomplete"];
const SLOW: ErrorCode = "input-too-slow";

function decided(code: ErrorCode, history: Partial<History>, patience: Partial<Patience>, seed = 1) {
  const bounds = { retries: 2, ageS: 0, budgetS: 300, ...patience };
  return decide({ code, message: "" }, { ...NO_HISTORY, ...history }, bounds, createSeededRandom(seed));
}

describe("what follows from a failure", () => {
  test("a fault of the request is told at once, whatever is left of tries and time", () => {
    const faults = codes.filter((it) => !OWN.test(it) && ![...DEPENDENCY, SLOW].includes(it));
    expect(faults.length).toBeGreaterThan(15);
    fc.assert(
      fc.property(fc.constantFrom(...faults), fc.nat(20), retries, (code, failures, allowed) => {
        expect(decided(code, { failures }, { retries: allowed })).toEqual({ action: "reject" });
      }),
    );
  });

  test("the program's own failures are tried again, then kept for a person", () => {
    fc.assert(
      fc.property(fc.constantFrom(...codes.filter((it) => OWN.test(it))), retries, (code, allowed) => {
        const actions = Array.from(
          { length: allowed + 1 },
          (_, failures) => decided(code, { failures }, { retries: allowed }).action,
        );
        expect(actions).toEqual([...Array.from({ length: allowed }, () => "retry"), "park"]);
      }),
    );
  });

  test("something out of reach uses up time, never a try", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...DEPENDENCY),
        fc.nat(500),
        fc.nat(50),
        fc.nat(600),
        (code, blocks, failures, ageS) => {
          const decision = decided(code, { blocks, failures }, { retries: 0, ageS });
          if (ageS < 300) expect(decision).toMatchObject({ action: "retry", record: "blocked" });
          else expect(decision).toEqual({ action: "reject" });
        },
      ),
    );
  });

  test("an input that is too slow is tried as often as the service allows, then told", () => {
    expect(decided(SLOW, { blocks: 0 }, { retries: 1 })).toMatchObject({
      action: "retry",
      record: "blocked",
    });
    expect(decided(SLOW, { blocks: 1 }, { retries: 1 })).toEqual({ action: "reject" });
  });

  test("lost machines and whatever was out of reach use up no try of the program", () => {
    const history = { blocks: 50, vanished: 2, ended: 50 };
    expect(decided("program-failed", history, { retries: 1 })).toMatchObject({
      action: "retry",
      record: "failed",
    });
  });

  test("the pause is whole seconds, at least one and at most thirty", () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.integer(), (failures, seed) => {
        const decision = decided("program-failed", { failures }, { retries: 2_000 }, seed);
        if (decision.action !== "retry") throw new Error("There are tries left.");
        expect(Number.isInteger(decision.delayS)).toBe(true);
        expect(decision.delayS).toBeGreaterThanOrEqual(1);
        expect(decision.delayS).toBeLessThanOrEqual(30);
      }),
    );
  });
});
