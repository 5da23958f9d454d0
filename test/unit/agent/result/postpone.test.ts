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

test("a delivery is due when the pause that was asked for is over, and no clock can bury it", () => {
  const sentAt = Date.UTC(2026, 10, 22);
  const paused = (seconds: string) => ({ sentAt, attributes: { "drover-pause-s": seconds } });
  expect(notDueForS({ sentAt, attributes: {} }, sentAt)).toBe(0);
  expect(notDueForS(paused("91"), sentAt + 500)).toBe(91);
  expect(notDueForS(paused("91"), sentAt + 91_000)).toBe(0);
  expect(notDueForS(paused("91"), sentAt - 1_000)).toBe(0);
  expect(notDueForS(paused("never"), sentAt)).toBe(0);
  expect(notDueForS(paused("360000"), sentAt)).toBe(3_600);
  expect(notDueForS(paused("360000"), sentAt + 3_600_000)).toBe(0);
});
