import { describe, expect, test } from "vitest";
import {
  markDelivered,
  markParked,
  releaseClaim,
  reopenClaim,
  takeClaim,
} from "../../../../agent/result/claims.ts";
import { claimMetadata, claimOf } from "../../../../jobs/claim.ts";
import { claimKey, resultKey } from "../../../../jobs/keys.ts";
import { createMemoryObjects } from "../../../support/memory-objects.ts";
import { createSimClock } from "../../../support/sim-clock.ts";

const JOB = { id: "m-1", generation: 0 };

async function committed(claimS = 60) {
  const clock = createSimClock();
  const objects = createMemoryObjects(clock);
  const metadata = claimMetadata({ owner: "committer", state: "held", claimS, failures: 0 });
  await objects.put(resultKey(JOB), "<response/>", { metadata });
  const take = (owner: string, s = 60) => takeClaim(objects, JOB, owner, s);
  return { clock, objects, take };
}

describe("the claim to deliver", () => {
  test("is the committer's until it runs out", async () => {
    const { clock, take } = await committed();
    expect(await take("a")).toEqual({ outcome: "busy", waitS: 61 });
    await clock.advance(30_000);
    expect(await take("a")).toEqual({ outcome: "busy", waitS: 31 });
    await clock.advance(31_000);
    expect(await take("a")).toMatchObject({ outcome: "granted", failures: 0 });
    expect(await take("b")).toEqual({ outcome: "busy", waitS: 61 });
  });

  test("goes to exactly one of many who ask at the same moment, the first time and every later time", async () => {
    const { clock, objects, take } = await committed();
    for (let round = 0; round < 4; round++) {
      await clock.advance(62_000);
      const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => take(`r${round}-${i}`)));
      const granted = answers.filter((it) => it.outcome === "granted");
      expect(granted, `round ${round}`).toHaveLength(1);
      expect(answers.filter((it) => it.outcome === "busy")).toHaveLength(7);
    }
    const again = await take("last");
    expect(again.outcome).toBe("busy");
    expect(objects.stored.has(claimKey(JOB))).toBe(true);
  });

  test("goes to exactly one of many after it was given back", async () => {
    const { objects, take } = await committed();
    await releaseClaim(objects, JOB, "committer", undefined, 1);
    for (let round = 0; round < 4; round++) {
      const owners = Array.from({ length: 8 }, (_, i) => `r${round}-${i}`);
      const answers = await Promise.all(owners.map((it) => take(it)));
      const winner = answers.findIndex((it) => it.outcome === "granted");
      expect(answers.filter((it) => it.outcome === "granted")).toHaveLength(1);
      const won = answers[winner];
      if (won?.outcome !== "granted") throw new Error("Somebody won.");
      expect(won.failures).toBe(round + 1);
      await releaseClaim(objects, JOB, owners[winner] ?? "", won.etag, won.failures + 1);
    }
  });

  test("cannot be given back by one from whom it was taken", async () => {
    const { clock, objects, take } = await committed();
    await clock.advance(62_000);
    const first = await take("slow");
    if (first.outcome !== "granted") throw new Error("It was free.");
    await clock.advance(62_000);
    expect(await take("second")).toMatchObject({ outcome: "granted" });
    await releaseClaim(objects, JOB, "slow", first.etag, 1);
    expect(await take("third")).toMatchObject({ outcome: "busy" });
  });

  test("nobody gets what was delivered, nor what does not exist", async () => {
    const { clock, objects, take } = await committed();
    await markDelivered(objects, JOB, "a");
    await clock.advance(1e6);
    expect(await take("b")).toEqual({ outcome: "delivered" });
    expect(await takeClaim(objects, { id: "other", generation: 0 }, "b", 60)).toEqual({
      outcome: "no-result",
    });
    expect(await takeClaim(objects, { ...JOB, generation: 1 }, "b", 60)).toEqual({ outcome: "no-result" });
  });

  test("nobody gets what was parked, until a person asks for it; then its failures are forgotten", async () => {
    const { clock, objects, take } = await committed();
    await clock.advance(62_000);
    const taken = await take("a");
    if (taken.outcome !== "granted") throw new Error("It was free.");
    await markParked(objects, JOB, "a", taken.etag);
    expect(await take("b")).toEqual({ outcome: "parked" });
    await reopenClaim(objects, JOB, "operator-1");
    expect(await take("b")).toMatchObject({ outcome: "granted", failures: 0 });
  });

  test("cannot be parked once a person has asked for the delivery, nor once somebody has taken it over", async () => {
    const { clock, objects, take } = await committed();
    await reopenClaim(objects, JOB, "operator-1");
    await markParked(objects, JOB, "committer", undefined);
    await clock.advance(65_000);
    const taken = await take("a");
    if (taken.outcome !== "granted") throw new Error("It was free.");
    await clock.advance(62_000);
    expect(await take("b")).toMatchObject({ outcome: "granted" });
    await markParked(objects, JOB, "a", taken.etag);
    expect(await take("c")).toMatchObject({ outcome: "busy" });
  });

  test("stays with a holder who may still be delivering when a person asks for the delivery", async () => {
    const { clock, objects, take } = await committed();
    await clock.advance(20_000);
    await reopenClaim(objects, JOB, "operator-1");
    expect(await take("a")).toEqual({ outcome: "busy", waitS: 42 });
    await clock.advance(42_000);
    expect(await take("a")).toMatchObject({ outcome: "granted" });
  });

  test("is not reopened where it was delivered, nor where there is nothing to deliver", async () => {
    const { objects, take } = await committed();
    await markDelivered(objects, JOB, "a");
    await reopenClaim(objects, JOB, "operator-1");
    expect(await take("b")).toEqual({ outcome: "delivered" });
    const other = { id: "other", generation: 0 };
    await reopenClaim(objects, other, "operator-1");
    expect(objects.stored.has(claimKey(other))).toBe(false);
  });

  test("is reopened although somebody writes it at the same moment", async () => {
    const { objects } = await committed();
    await releaseClaim(objects, JOB, "committer", undefined, 4);
    await Promise.all(Array.from({ length: 8 }, (_, i) => reopenClaim(objects, JOB, `operator-${i}`)));
    const claim = claimOf((await objects.head(claimKey(JOB)))?.metadata ?? {});
    expect(claim).toMatchObject({ state: "released", failures: 0 });
    expect(claim.owner).toMatch(/^operator-/);
  });

  test("is not sought for ever from a store that refuses every write", async () => {
    const { objects } = await committed();
    let asked = 0;
    const refusing = {
      ...objects,
      put: () => {
        asked++;
        return Promise.resolve({ outcome: "exists" } as const);
      },
    };
    await expect(reopenClaim(refusing, JOB, "operator-1")).rejects.toMatchObject({ code: "cloud-refused" });
    expect(asked).toBe(10);
  });
});
