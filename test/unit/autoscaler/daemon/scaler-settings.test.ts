import { describe, expect, test } from "vitest";
import { createScaledWorld, POOL, type ScaledWorld } from "../../../support/scaled-world.ts";

const MINUTE_MS = 60_000;
const minuteJobs = { program: () => ({ takesMs: MINUTE_MS, stdout: "done" }) };

async function submit(world: ScaledWorld, jobs: number): Promise<string[]> {
  return await Promise.all(Array.from({ length: jobs }, () => world.submit()));
}

const allDone = (world: ScaledWorld, ids: readonly string[]) =>
  ids.every((id) => world.result(id)?.status === "success");

describe("what a person has set, at work", () => {
  test("spends no more in an hour than it may", async () => {
    const pools = [{ ...POOL, price_per_hour: 2 }];
    const world = createScaledWorld({
      ...minuteJobs,
      autoscaler: { max_instances: 10, budget_per_hour: 7, pools },
    });
    const { lines } = world.startScaler();
    const ids = await submit(world, 60);
    await world.clock.until(world.idle);
    expect(allDone(world, ids)).toBe(true);
    expect(world.compute.most).toBe(3);
    expect(lines.some(({ sentence }) => sentence.includes("the budget allows no more"))).toBe(true);
  });

  test("has as many instances as a schedule asks for, at its time", async () => {
    const world = createScaledWorld(minuteJobs);
    const hour = String((new Date(world.clock.now()).getUTCHours() + 1) % 24).padStart(2, "0");
    world.config.floors.push({ instances: 3, from: `${hour}:00`, to: `${hour}:30`, time_zone: "UTC" });
    world.startScaler();
    await world.clock.until(() => world.agents.size === 3);
    await world.clock.until(() => world.compute.alive().length === 0);
    expect(world.compute.most).toBe(3);
  });

  test("uses a paid hour to its end where hours are billed", async () => {
    const world = createScaledWorld({ ...minuteJobs, autoscaler: { max_instances: 1, billing: "hourly" } });
    world.startScaler();
    await submit(world, 1);
    await world.clock.until(() => world.compute.alive().length === 1);
    const from = world.clock.monotonic();
    await world.clock.until(() => world.compute.alive().length === 0);
    expect((world.clock.monotonic() - from) / MINUTE_MS).toBeGreaterThan(54);
    expect((world.clock.monotonic() - from) / MINUTE_MS).toBeLessThan(60);
  });

  test("a target shorter than a boot: nothing before the first job, and nothing some boots after the last", async () => {
    const world = createScaledWorld({ ...minuteJobs, autoscaler: { max_instances: 4, target_wait_s: 20 } });
    world.startScaler();
    await world.clock.advance(10 * MINUTE_MS);
    expect(world.compute.held).toEqual([]);
    const ids = await submit(world, 12);
    await world.clock.until(world.idle);
    expect(allDone(world, ids)).toBe(true);
    const from = world.clock.monotonic();
    await world.clock.until(() => world.compute.alive().length === 0);
    expect((world.clock.monotonic() - from) / MINUTE_MS).toBeLessThan(12);
  });
});
