import { expect, test } from "vitest";
import { get, put, start } from "../unit/cloud-local/objects.ts";

const CREATORS = 50;
const ROUNDS = 100;

test(
  "50 concurrent creators of one key: one winner, in each of 100 rounds",
  { timeout: 300_000 }, // 5,000 signed uploads through the SDK take five seconds on a machine that has nothing else to do
  async () => {
    const cloud = await start();
    for (let round = 0; round < ROUNDS; round++) {
      const Key = `claim-${round}`;
      const outcomes = await Promise.allSettled(
        Array.from({ length: CREATORS }, (_, n) => put(cloud, Key, `${n}`, { IfNoneMatch: "*" })),
      );
      const winners = outcomes.flatMap((it, n) => (it.status === "fulfilled" ? [`${n}`] : []));
      expect(winners, Key).toHaveLength(1);
      expect((await get(cloud, Key)).text).toBe(winners[0]);
      const losers = outcomes.flatMap((it) => (it.status === "rejected" ? [(it.reason as Error).name] : []));
      expect(new Set(losers)).toEqual(new Set(["PreconditionFailed"]));
    }
  },
);
