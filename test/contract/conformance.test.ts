import { expect, test } from "vitest";
import { allChecks } from "../conformance/areas.ts";
import { runChecks } from "../conformance/runner.ts";
import { embeddedTarget } from "../conformance/target.ts";

test("the embedded cloud does what AWS's documentation says", { timeout: 120_000 }, async () => {
  const target = await embeddedTarget();
  try {
    const outcomes = await runChecks(target, allChecks, 8);
    expect(outcomes.filter(({ result }) => result !== "passed")).toEqual([]);
    expect(outcomes).toHaveLength(allChecks.length);
  } finally {
    await target.close();
  }
});

test("every check has an id of its own, a sentence and a page", () => {
  expect(allChecks.length).toBeGreaterThanOrEqual(150);
  expect(new Set(allChecks.map(({ id }) => id)).size).toBe(allChecks.length);
  for (const { id, says, source } of allChecks) {
    expect(id).toMatch(/^(s3|sqs|sdb|imds|ec2)-[\w-]+$/);
    expect(says, id).toMatch(/\.$/);
    expect(source, id).toMatch(/^https:\/\/docs\.aws\.amazon\.com\/.+\.html$/);
  }
});
