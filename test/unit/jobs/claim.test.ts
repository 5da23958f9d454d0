import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Claim, claimLeftS, claimMetadata, claimOf, mustPark } from "../../../jobs/claim.ts";

const seconds = (s: number) => Math.floor(s) * 1000;
const held = (claimS: number): Claim => ({ owner: "a", state: "held", claimS, failures: 0 });

describe("a claim", () => {
  test("is never free for others while its holder may still act, although the store counts whole seconds", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 43_200 }),
        fc.double({ min: 0, max: 1e5, noNaN: true }),
        fc.double({ min: 0, max: 1e5, noNaN: true }),
        (claimS, writtenAt, passed) => {
          const stamps = { lastModified: seconds(writtenAt), storeNow: seconds(writtenAt + passed) };
          const leftS = claimLeftS(held(claimS), stamps);
          if (passed < claimS) expect(leftS).toBeGreaterThan(0);
          if (passed > claimS + 2) expect(leftS).toBe(0);
          expect(Number.isInteger(leftS)).toBe(true);
        },
      ),
    );
  });

  test("that was waited for is free", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 200 }), (claimS, ageS) => {
        const stamps = { lastModified: 0, storeNow: ageS * 1000 };
        const leftS = claimLeftS(held(claimS), stamps);
        const later = { lastModified: 0, storeNow: (ageS + leftS) * 1000 };
        expect(claimLeftS(held(claimS), later)).toBe(0);
      }),
    );
  });

  test("that was given back is free at once", () => {
    const stamps = { lastModified: 1000, storeNow: 1000 };
    expect(claimLeftS({ ...held(60), state: "released" }, stamps)).toBe(0);
    expect(claimLeftS(held(60), stamps)).toBe(61);
  });

  test("survives its way through the metadata", () => {
    const claims = fc.record({
      owner: fc.uuid(),
      state: fc.constantFrom("held" as const, "released" as const, "delivered" as const, "parked" as const),
      claimS: fc.nat(43_200),
      failures: fc.nat(1_000),
    });
    fc.assert(
      fc.property(claims, fc.boolean(), (claim, park) => {
        const metadata = claimMetadata(claim, park);
        expect(claimOf(metadata)).toEqual(claim);
        expect(mustPark(metadata)).toBe(park);
        // S3 sends metadata as headers.
        for (const [name, value] of Object.entries(metadata))
          expect(`${name}: ${value}`).toMatch(/^[a-z-]+: [\w-]+$/);
      }),
    );
  });

  test("that is missing holds nobody up", () => {
    expect(claimLeftS(claimOf({}), { lastModified: 0, storeNow: 5_000 })).toBe(0);
    expect(mustPark({})).toBe(false);
  });
});
