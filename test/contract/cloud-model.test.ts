import { expect, test } from "vitest";
import { check } from "../cloud-model/run.ts";

test("random operations with restarts and kill -9 between and under them: the cloud does what the model does", async () => {
  const report = await check({ firstSeed: 1, seeds: 20, steps: 120, together: 20, say: () => undefined });
  expect(report).toMatchObject({ seeds: 20, steps: 2400 });
  // A run without these would prove little.
  expect(report.kills).toBeGreaterThan(2);
  expect(report.cutOff).toBeGreaterThan(5);
}, 300_000);
