import { expect, test } from "vitest";
import { QueueClock } from "../../../../agent/receive/queue-clock.ts";
import type { QueueMessage } from "../../../../cloud/ports/queue.ts";
import { createSimClock } from "../../../support/sim-clock.ts";

const HOUR_MS = 3_600_000;

/** An agent whose own clock is off, and the queue's time. */
function off(skewMs: number) {
  const clock = createSimClock();
  const queueMs = () => clock.now();
  const queueClock = new QueueClock({ ...clock, now: () => clock.now() + skewMs });
  const receive = (receiveCount: number, firstReceivedAt: number) =>
    queueClock.observe({ receiveCount, firstReceivedAt } as QueueMessage);
  return { clock, queueMs, queueClock, receive };
}

test.each([-HOUR_MS, 0, HOUR_MS])(
  "a first receipt tells the queue's time, own clock off by %s ms",
  (skewMs) => {
    const { queueMs, queueClock, receive } = off(skewMs);
    receive(1, queueMs());
    expect(queueClock.now()).toBe(queueMs());
  },
);

test("a later receipt tells that it is at least as late as the first one was", async () => {
  const { clock, queueMs, queueClock, receive } = off(-HOUR_MS);
  const first = queueMs();
  await clock.advance(31_000);
  receive(2, first);
  expect(queueClock.now()).toBe(first);
});

test("a later receipt takes nothing back that was known better, nor what the own clock says", async () => {
  const { clock, queueMs, queueClock, receive } = off(-HOUR_MS);
  const first = queueMs();
  await clock.advance(31_000);
  receive(1, queueMs());
  receive(2, first);
  expect(queueClock.now()).toBe(queueMs());
  const right = off(0);
  right.receive(2, right.queueMs() - 31_000);
  expect(right.queueClock.now()).toBe(right.queueMs());
});

test("a message without the stamp teaches nothing", () => {
  const { queueClock, queueMs, receive } = off(0);
  for (const stamp of [0, NaN]) {
    receive(1, stamp);
    receive(2, stamp);
  }
  expect(queueClock.now()).toBe(queueMs());
});
