import { expect, test } from "vitest";
import * as keys from "../../../jobs/keys.ts";

const job = { id: "m-1", generation: 2 };

test("the layout of the bucket", () => {
  expect(keys.resultKey(job)).toBe("jobs/m-1/g2/result");
  expect(keys.claimKey(job)).toBe("jobs/m-1/g2/claim");
  expect(keys.attemptsPrefix(job)).toBe("jobs/m-1/g2/attempts/");
  expect(keys.cancelKey(job)).toBe("cancels/m-1.g2");
  expect(keys.artifactKey(job, "a-1", "faces/1.png")).toBe("artifacts/m-1/g2/a-1/faces/1.png");
  expect(keys.referenceKey("order 7/ä")).toMatch(/^references\/[0-9a-f]{64}$/);
});

test("everything of a job but its artifacts lies under its prefix", () => {
  for (const key of [
    keys.resultKey(job),
    keys.claimKey(job),
    keys.attemptsPrefix(job),
    keys.requestKey(job),
  ]) {
    expect(key.startsWith(keys.jobPrefix(job))).toBe(true);
  }
});

test("the fleet's own records are no inputs, and clients' objects are", () => {
  for (const key of [
    keys.resultKey(job),
    keys.artifactKey(job, "a", "f"),
    keys.referenceKey("r"),
    keys.cancelKey(job),
    keys.FLEET_KEY,
    "activity/i-1/000.log",
    "status/i-1",
    "control/autoscaler",
    "releases/1/manifest.json",
  ]) {
    expect(keys.isInternalKey(key), key).toBe(true);
  }
  for (const key of ["videos/a.mov", "job", "my/jobs/1", "fleet", "Jobs/1"])
    expect(keys.isInternalKey(key), key).toBe(false);
});
