import { expect, test } from "vitest";
import { Mean } from "../../../../agent/receive/mean.ts";
import { Wakeup } from "../../../../agent/receive/wakeup.ts";
import { createSimClock } from "../../../support/sim-clock.ts";

test("wakes everybody who waits, once, and nobody who comes later", async () => {
  const clock = createSimClock();
  const wakeup = new Wakeup();
  const woken: string[] = [];
  void wakeup.wait(clock).then(() => woken.push("a"));
  void wakeup.wait(clock, 5_000).then(() => woken.push("b"));
  wakeup.wake();
  void wakeup.wait(clock).then(() => woken.push("c"));
  await clock.advance(60_000);
  expect(woken).toEqual(["a", "b"]);
  expect(clock.timers).toBe(0);
});

test("wakes by itself when the time is over", async () => {
  const clock = createSimClock();
  await clock.settle(new Wakeup().wait(clock, 5_000));
  expect(clock.monotonic()).toBe(5_000);
});

test("a mean starts with the first value and follows the later ones", () => {
  const mean = new Mean();
  expect(mean.value).toBeUndefined();
  mean.add(10);
  expect(mean.value).toBe(10);
  for (let i = 0; i < 30; i++) mean.add(2);
  expect(mean.value).toBeCloseTo(2, 1);
  mean.add(7);
  expect(mean.value).toBeGreaterThan(2.5);
  expect(mean.value).toBeLessThan(4);
});
