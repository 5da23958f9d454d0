import { expect, test } from "vitest";
import { createWorld } from "../../support/agent-world.ts";
import { createLife } from "../../support/mortal.ts";

const NOTICE_MS = 120_000;

test("a notice: what does not end in time is visible again at once, the rest is finished and delivered", async () => {
  let started = 0;
  const takesMs = [150_000, 150_000, 150_000, 150_000];
  const world = createWorld({
    settings: { slots: 2 },
    program: () => ({ takesMs: takesMs[started++] ?? 0, stdout: "done" }),
  });
  const agent = world.start();
  const usual = await world.submit();
  await world.clock.until(() => world.result(usual) !== undefined); // experience: 150 s

  const early = await world.submit();
  await world.clock.advance(60_000);
  const late = await world.submit();
  await world.clock.advance(5_000);
  expect(world.processes.running).toBe(2);
  agent.worker.evacuate(world.clock.now() + NOTICE_MS);
  await world.clock.advance(1_000);
  // 65 of 150 s are over for the first; the second would need 145 of the 110 that are left.
  expect(world.processes.running).toBe(1);
  expect(await world.queues.requests.counts()).toMatchObject({ visible: 1 });
  await world.clock.settle(agent.ended);
  expect(world.clock.now()).toBeGreaterThan(0);
  expect(world.result(early)?.status).toBe("success");
  expect(world.result(late)).toBeUndefined();
  const other = world.start(createLife(), "b");
  await world.clock.until(world.idle);
  expect(world.result(late)?.status).toBe("success");
  await world.drain(other);
});

test("what still runs shortly before the end goes back, whatever was expected of it", async () => {
  let started = 0;
  const world = createWorld({
    program: () => ({ takesMs: started++ === 0 ? 1_000 : Infinity, stdout: "done" }),
  });
  const agent = world.start();
  const usual = await world.submit();
  await world.clock.until(() => world.result(usual) !== undefined);
  await world.submit();
  await world.clock.until(() => world.processes.running === 1);
  agent.worker.evacuate(world.clock.now() + NOTICE_MS);
  await world.clock.advance(NOTICE_MS - 15_000);
  expect(world.processes.running).toBe(1);
  await world.clock.settle(agent.ended, 8_000);
  expect(await world.queues.requests.counts()).toMatchObject({ visible: 1 });
});
