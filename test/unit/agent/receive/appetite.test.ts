import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { appetite, type Holdings } from "../../../../agent/receive/appetite.ts";

const holdings = (changes: Partial<Holdings>): Holdings => ({
  slots: 1,
  runningS: [],
  waiting: 0,
  settling: 0,
  meanRunS: undefined,
  meanInputS: undefined,
  ...changes,
});

const seconds = fc.double({ min: 0.001, max: 10_000, noNaN: true });
const anyHoldings = fc.integer({ min: 1, max: 64 }).chain((slots) =>
  fc.record({
    slots: fc.constant(slots),
    runningS: fc.array(seconds, { maxLength: slots }),
    waiting: fc.nat(200),
    settling: fc.nat(2_000),
    meanRunS: fc.option(seconds, { nil: undefined }),
    meanInputS: fc.option(seconds, { nil: undefined }),
  }),
);

const property = (check: (it: Holdings) => void) =>
  fc.assert(fc.property(anyHoldings, check), { numRuns: 2_000 });

describe("appetite, for any holdings", () => {
  test("is a whole number from 0 to 10", () =>
    property((it) => {
      const { want, recheckS } = appetite(it);
      expect(Number.isInteger(want) && want >= 0 && want <= 10).toBe(true);
      if (recheckS !== undefined) expect(recheckS).toBeGreaterThan(0);
    }));

  test("asks for nothing when everything it may hold is there", () =>
    property((it) => {
      const full = { ...it, waiting: it.slots * 11 };
      expect(appetite(full).want).toBe(0);
    }));

  test("asks for nothing while results pile up that nobody takes", () =>
    property((it) => {
      expect(appetite({ ...it, settling: it.slots * 16 + 10 }).want).toBe(0);
    }));

  test("never leaves a slot without work: free ones are filled first", () =>
    property((it) => {
      const free = it.slots - it.runningS.length;
      if (it.waiting >= free || it.settling >= it.slots * 16 + 10) return;
      expect(appetite(it).want).toBeGreaterThan(0);
    }));

  test("holds at most one waiting job for each slot when programs are long", () =>
    property((it) => {
      const long = { ...it, meanRunS: Math.max(5.1, it.meanRunS ?? 5.1) };
      const { want } = appetite(long);
      if (want > 0) expect(long.waiting + want).toBeLessThanOrEqual(long.slots);
    }));

  test("hoards nothing behind one long program among short ones", () =>
    property((it) => {
      if (it.runningS.length < it.slots || !it.runningS.some((s) => s > 5)) return;
      const { want } = appetite({ ...it, meanRunS: 0.01 });
      if (want > 0) expect(it.waiting + want).toBeLessThanOrEqual(it.slots);
    }));
});

const running = (forS: number) => holdings({ runningS: [forS], meanRunS: 180, meanInputS: 10 });
const short = (waiting: number) => appetite(holdings({ slots: 2, meanRunS: 0.1, waiting })).want;

describe("appetite", () => {
  test("before anything is known asks for one job ahead of each slot", () => {
    expect(appetite(holdings({ slots: 2 })).want).toBe(2);
    expect(appetite(holdings({ slots: 2, runningS: [0, 0] })).want).toBe(2);
    expect(appetite(holdings({ slots: 2, runningS: [0, 0], waiting: 2 })).want).toBe(0);
  });

  test("keeps several inputs on their way for a slot when they take longer than the programs", () => {
    const slow = { slots: 2, runningS: [0.1, 0.1], meanRunS: 1 };
    expect(appetite(holdings({ ...slow, meanInputS: 0.5 })).want).toBe(2);
    expect(appetite(holdings({ ...slow, meanInputS: 1.5 })).want).toBe(4);
    expect(appetite(holdings({ ...slow, meanInputS: 60 })).want).toBe(8);
  });

  test("fetches the next input only when the slot may soon be free, and says when to look again", () => {
    expect(appetite(running(0))).toEqual({ want: 0, recheckS: 70 });
    expect(appetite(running(69))).toEqual({ want: 0, recheckS: 1 });
    expect(appetite(running(70)).want).toBe(1);
    expect(appetite({ ...running(70), waiting: 1 })).toEqual({ want: 0 });
  });

  test("fetches short jobs in helpings, not one by one", () => {
    expect(short(0)).toBe(10);
    expect(short(2)).toBe(10);
    expect(short(7)).toBe(5);
    expect(short(8)).toBe(0);
  });
});
