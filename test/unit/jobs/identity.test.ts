import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { identify, IDENTITY_ATTRIBUTE, signIdentity, verifyIdentity } from "../../../jobs/identity.ts";

const KEY = Buffer.alloc(32, 1);
const OTHER_KEY = Buffer.alloc(32, 2);
const JOB = { id: "7d57b74c-78a4-459e-9445-4d5b9e0b3c27", generation: 0 };

const message = (body: string, attribute?: string) => ({
  id: "own-id",
  body,
  attributes: attribute === undefined ? {} : { [IDENTITY_ATTRIBUTE]: attribute },
});

const ids = fc.stringMatching(/^[A-Za-z0-9_-]{1,100}$/);
const generations = fc.integer({ min: 0, max: 999_999 });

describe("a job's identity", () => {
  test("is the message's own id in generation 0, when nobody signed another", () => {
    expect(identify(message("body"), KEY)).toEqual({ id: "own-id", generation: 0 });
    expect(verifyIdentity(message("body"), KEY)).toBeUndefined();
  });

  test("that the fleet signed is the job's on every later journey", () => {
    fc.assert(
      fc.property(ids, generations, fc.string(), (id, generation, body) => {
        const job = { id, generation };
        expect(identify(message(body, signIdentity(job, body, KEY)), KEY)).toEqual(job);
      }),
    );
  });

  test("is bound to the body, to the key, and to itself", () => {
    fc.assert(
      fc.property(ids, generations, fc.string(), fc.string(), (id, generation, body, other) => {
        fc.pre(body !== other);
        const signed = signIdentity({ id, generation }, body, KEY);
        expect(verifyIdentity(message(other, signed), KEY)).toBeUndefined();
        expect(verifyIdentity(message(body, signed), OTHER_KEY)).toBeUndefined();
        const foreign = signed.replace(`.${id}.`, `.x${id}.`);
        expect(verifyIdentity(message(body, foreign), KEY)).toBeUndefined();
        const replayed = signed.replace(
          /\.(\d+)\.(\w{64})$/,
          (_, n: string, mac: string) => `.${Number(n) + 1}.${mac}`,
        );
        expect(verifyIdentity(message(body, replayed), KEY)).toBeUndefined();
      }),
    );
  });

  test.each([
    "",
    "v1",
    "v1.id.0.",
    `v1.${JOB.id}.0.${"0".repeat(64)}`,
    `v1.${JOB.id}.0.${"0".repeat(63)}`,
    `v1.${JOB.id}.0.${"z".repeat(64)}`,
    `v2${signIdentity(JOB, "body", KEY).slice(2)}`,
    `${signIdentity(JOB, "body", KEY)} `,
    signIdentity(JOB, "body", KEY).toUpperCase(),
    signIdentity({ id: "../../fleet/key", generation: 0 }, "body", KEY),
    signIdentity({ id: "a".repeat(101), generation: 0 }, "body", KEY),
  ])("is not believed from %j", (attribute) => {
    expect(identify(message("body", attribute), KEY)).toEqual({ id: "own-id", generation: 0 });
  });
});
