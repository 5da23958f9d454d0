import { describe, expect, test } from "vitest";
import { createS3Store } from "../../../../cloud/aws/s3-store.ts";
import { createScaledWorld, POOL, type ScaledWorld } from "../../../support/scaled-world.ts";

const MINUTE_MS = 60_000;
const minuteJobs = { program: () => ({ takesMs: MINUTE_MS, stdout: "done" }) };

async function submit(world: ScaledWorld, jobs: number): Promise<string[]> {
  return await Promise.all(Array.from({ length: jobs }, () => world.submit()));
}

const launched = (world: ScaledWorld) => world.compute.held.length;

/** A store that can be cut off, reads and writes. */
function cuttable(world: ScaledWorld) {
  const store = createS3Store(world.objects);
  const cut = { is: false };
  const proxy = new Proxy(store, {
    get: (target, name: keyof typeof store) => {
      const method = target[name] as (...args: unknown[]) => Promise<unknown>;
      return (...args: unknown[]) =>
        cut.is ? Promise.reject(new Error("the store is away")) : method(...args);
    },
  });
  return { store: proxy, cut };
}

describe("two scalers", () => {
  test("never launch twice, whichever of them dies at whichever of its calls", async () => {
    let takeovers = 0;
    for (let at = 4; at <= 40; at += 4) {
      const world = createScaledWorld({ ...minuteJobs, autoscaler: { max_instances: 4 } });
      const first = world.startScaler("first");
      await world.clock.advance(1_000);
      const second = world.startScaler("second");
      const ids = await submit(world, 12);
      // It dies after its n-th call: with an intent written and not done, done and not answered, answered and not noted.
      await world.clock.until(() => first.life.calls.length >= at || world.idle());
      first.kill();
      await world.clock.until(world.idle);
      if (second.lines.length > 0) takeovers++;
      expect(world.compute.most).toBeLessThanOrEqual(4);
      expect(world.endedBusy).toEqual([]);
      expect(ids.every((id) => world.result(id)?.status === "success")).toBe(true);
      await world.clock.until(() => world.compute.alive().length === 0);
      second.stop();
    }
    expect(takeovers).toBeGreaterThan(5);
  });

  test("the second one repeats a launch whose answer the first one took with it, with the same token", async () => {
    const world = createScaledWorld({
      ...minuteJobs,
      autoscaler: { max_instances: 3 },
      compute: { listLagMs: 60_000 },
    });
    const first = world.startScaler("first");
    await world.clock.advance(1_000);
    world.startScaler("second");
    await submit(world, 12);
    await world.clock.until(() => world.compute.tokens.size > 0);
    const before = launched(world);
    first.kill(); // the provider has launched, and nobody knows
    await world.clock.advance(2 * MINUTE_MS);
    expect(launched(world)).toBe(before);
    expect(world.compute.tokens.size).toBe(1);
    await world.clock.until(world.idle);
    expect(world.compute.most).toBeLessThanOrEqual(3);
  });

  test("decide one at a time, within two periods of the other's death, with clocks apart by minutes", async () => {
    const world = createScaledWorld(minuteJobs);
    const first = world.startScaler("first");
    await world.clock.advance(1_000);
    const second = world.startScaler("second");
    await world.clock.advance(MINUTE_MS);
    expect([first.lines.length > 0, second.lines.length]).toEqual([true, 0]);
    world.clock.jump(10 * MINUTE_MS);
    await world.clock.advance(MINUTE_MS);
    world.clock.jump(-20 * MINUTE_MS);
    await world.clock.advance(MINUTE_MS);
    expect(second.lines).toEqual([]);
    first.kill();
    await world.clock.advance(20_000);
    expect(second.scaler.leading).toBe(true);
  });
});

describe("launches", () => {
  test("whose answers are lost are repeated until they are known, and nothing is doubled", async () => {
    const world = createScaledWorld({ ...minuteJobs, autoscaler: { max_instances: 3 } });
    world.compute.loseAnswers = 2;
    world.startScaler();
    const ids = await submit(world, 9);
    await world.clock.until(world.idle);
    expect(world.compute.most).toBeLessThanOrEqual(3);
    expect(ids.every((id) => world.result(id)?.status === "success")).toBe(true);
  });

  test("wait for a provider that is away, without piling up", async () => {
    const world = createScaledWorld({ ...minuteJobs, autoscaler: { max_instances: 3 } });
    world.startScaler();
    await world.clock.advance(MINUTE_MS);
    world.compute.broken = true;
    await submit(world, 9);
    await world.clock.advance(10 * MINUTE_MS);
    expect(launched(world)).toBe(0);
    world.compute.broken = false;
    await world.clock.until(world.idle);
    expect(world.compute.most).toBeLessThanOrEqual(3);
  });
});

describe("blindness", () => {
  test("a queue that cannot be read holds everything: neither to zero nor to the maximum", async () => {
    const world = createScaledWorld({ ...minuteJobs, autoscaler: { max_instances: 6 } });
    let blind = false;
    const requests = {
      ...world.queues.requests,
      counts: () => (blind ? Promise.reject(new Error("away")) : world.queues.requests.counts()),
    };
    const { lines } = world.startScaler("scaler", { requests });
    await submit(world, 12);
    await world.clock.until(() => world.agents.size >= 3);
    blind = true;
    await world.clock.advance(MINUTE_MS);
    const [before, from] = [launched(world), lines.length];
    await world.clock.advance(30 * MINUTE_MS);
    expect(launched(world)).toBe(before);
    expect(world.compute.alive()).toHaveLength(before);
    expect(lines.slice(from).every(({ actions }) => actions.length === 0)).toBe(true);
    expect(lines.at(-1)?.sentence).toContain("hold");
    blind = false;
    await world.clock.until(() => world.compute.alive().length === 0);
    expect(world.endedBusy).toEqual([]);
  });

  test("a store that is away stops all acting, not the jobs; when it is back, all goes on", async () => {
    const world = createScaledWorld({ ...minuteJobs, autoscaler: { max_instances: 3 } });
    const { store, cut } = cuttable(world);
    const { lines, scaler } = world.startScaler("scaler", { store });
    const ids = await submit(world, 9);
    await world.clock.until(() => world.agents.size >= 2);
    cut.is = true;
    await world.clock.advance(MINUTE_MS);
    const [before, from] = [launched(world), lines.length];
    await world.clock.until(world.idle);
    await world.clock.advance(30 * MINUTE_MS);
    expect(ids.every((id) => world.result(id)?.status === "success")).toBe(true);
    expect([launched(world), world.compute.alive().length, lines.length]).toEqual([before, before, from]);
    cut.is = false;
    await world.clock.until(() => world.compute.alive().length === 0);
    expect(scaler.leading).toBe(true);
    expect(world.endedBusy).toEqual([]);
  });

  test("agents whose reports are lost go on working, and are not ended for it", async () => {
    const world = createScaledWorld({
      program: () => ({ takesMs: 40 * MINUTE_MS, stdout: "done" }),
      autoscaler: { max_instances: 2 },
    });
    world.startScaler();
    await submit(world, 2);
    await world.clock.until(() => world.agents.size === 2);
    await world.clock.advance(MINUTE_MS);
    const put = world.objects.put.bind(world.objects);
    world.objects.put = (key, ...rest) =>
      key.startsWith("status/") ? Promise.reject(new Error("denied")) : put(key, ...rest);
    await world.clock.advance(35 * MINUTE_MS);
    expect(world.agents.size).toBe(2);
    expect(world.endedBusy).toEqual([]);
    world.objects.put = put;
    await world.clock.until(world.idle);
    await world.clock.until(() => world.compute.alive().length === 0);
    expect(world.endedBusy).toEqual([]);
  });

  test("an instance that falls silent alone is replaced in the end", async () => {
    const world = createScaledWorld({
      ...minuteJobs,
      autoscaler: { min_instances: 2, max_instances: 2, pools: [POOL] },
    });
    world.startScaler();
    await world.clock.until(() => world.agents.size === 2);
    await world.clock.advance(MINUTE_MS);
    const [silent = ""] = world.agents.keys();
    const put = world.objects.put.bind(world.objects);
    world.objects.put = (key, ...rest) =>
      key === `status/${silent}` ? Promise.reject(new Error("denied")) : put(key, ...rest);
    await world.clock.advance(25 * MINUTE_MS);
    expect(world.agents.has(silent)).toBe(false);
    expect(world.agents.size).toBe(2);
  });
});
