import { expect, test } from "vitest";
import { insist, stateDelivered } from "../../../../agent/result/insist.ts";
import { createWorld } from "../../../support/agent-world.ts";

const JOB = { id: "m-1", generation: 0 };

test("a statement to a store that does not answer is given up after ten seconds, with a word in the log", async () => {
  const world = createWorld();
  const { context, worker, ended, logged } = world.start();
  worker.stop();
  await world.clock.settle(ended);
  const objects = { ...context.objects, put: () => new Promise<never>(() => undefined) };
  const from = world.clock.monotonic();
  await world.clock.settle(stateDelivered({ ...context, objects }, JOB, "a"));
  expect(world.clock.monotonic() - from).toBe(10_000);
  expect(logged.at(-1)).toContain("delivered.unrecorded");
});

test("insisting ends with the signal, also while a call hangs", async () => {
  const world = createWorld();
  const { context, worker, ended } = world.start();
  const lost = new AbortController();
  const insisting = insist(context, lost.signal, () => new Promise(() => undefined));
  lost.abort(new Error("the lease is lost"));
  await expect(insisting).rejects.toThrow("the lease is lost");
  worker.stop();
  await world.clock.settle(ended);
});
