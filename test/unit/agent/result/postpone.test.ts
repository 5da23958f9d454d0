import * as fc from "fast-check";
import { expect, test } from "vitest";
import { notDueForS, redeliveryDelayS } from "../../../../agent/result/postpone.ts";
import { createSeededRandom } from "../../../support/seeded-random.ts";

test.each([
  ["callback", 300],
  ["queue", 30],
] as const)(
  "the pause before a delivery by %s is repeated grows to %i s and honours what was asked for",
  (to, mostS) => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 500 }),
        fc.option(fc.nat(3_600), { nil: undefined }),
        (seed, failures, asked) => {
          const delayS = redeliveryDelayS(createSeededRandom(seed), to, failures, asked);
          expect(Number.isInteger(delayS)).toBe(true);
          expect(delayS).toBeGreaterThanOrEqual(Math.max(1, asked ?? 0));
          expect(delayS).toBeLessThanOrEqual(Math.max(mostS, asked ?? 0));
        },
      ),
    );
  },
);

test("a delivery is due unless a receiver asked for more time, and no clock can bury it", () => {
  const now = Date.UTC(2026, 10, 22);
  const notBefore = (ms: number) => ({ attributes: { "drover-not-before": String(now + ms) } });
  expect(notDueForS({ attributes: {} }, now)).toBe(0);
  expect(notDueForS(notBefore(90_500), now)).toBe(91);
  expect(notDueForS(notBefore(-1), now)).toBe(0);
  expect(notDueForS(notBefore(100 * 3_600_000), now)).toBe(0);
  expect(notDueForS({ attributes: { "drover-not-before": "never" } }, now)).toBe(0);
});
