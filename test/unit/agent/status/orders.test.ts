import { describe, expect, test } from "vitest";
import { Orders } from "../../../../agent/status/orders.ts";
import { endWhenForgotten } from "../../../../agent/status/self-end.ts";
import { NOBODY, RECORD, recordText, type ScalerRecord } from "../../../../autoscaler/daemon/record.ts";
import { createLog } from "../../../../base/log.ts";
import { createS3Store } from "../../../../cloud/aws/s3-store.ts";
import { createMemoryObjects } from "../../../support/memory-objects.ts";
import { createSimClock } from "../../../support/sim-clock.ts";

function world() {
  const clock = createSimClock();
  const whole = createS3Store(createMemoryObjects(clock));
  let away = false;
  const store = {
    readRecord: (name: string) => (away ? Promise.reject(new Error("away")) : whole.readRecord(name)),
  };
  const log = createLog(
    () => undefined,
    () => clock.now(),
  );
  let beat = 0;
  const publish = async (change: Partial<ScalerRecord> = {}) => {
    const seen = await whole.readRecord(RECORD);
    const text = recordText({ ...NOBODY, leader: "s", epoch: 1, beat: ++beat, ...change });
    await whole.swapRecord(RECORD, text, seen?.version);
  };
  const orders = new Orders({ store, clock, log }, "i-1");
  return { clock, log, orders, publish, goAway: (is: boolean) => void (away = is) };
}

describe("an instance's orders", () => {
  test("are those under its own name, and stand while the store is away", async () => {
    const { orders, publish, goAway } = world();
    await orders.refresh();
    expect(orders.cordon).toBeUndefined();
    await publish({ cordons: { "i-1": "1.7", "i-2": "1.8" } });
    await orders.refresh();
    expect(orders.cordon).toBe("1.7");
    goAway(true);
    await orders.refresh();
    expect(orders.cordon).toBe("1.7");
    goAway(false);
    await publish({ cordons: { "i-2": "1.8" } });
    await orders.refresh();
    expect(orders.cordon).toBeUndefined();
  });

  test("tell for how long no scaler was heard: never where none ever was, or the last left in order", async () => {
    const { clock, orders, publish, goAway } = world();
    await orders.refresh();
    await clock.advance(60_000);
    expect(orders.silentS()).toBe(0);
    await publish();
    await orders.refresh();
    await clock.advance(30_000);
    await orders.refresh();
    expect(orders.silentS()).toBe(30);
    goAway(true);
    await clock.advance(30_000);
    await orders.refresh();
    expect(orders.silentS()).toBe(60);
    goAway(false);
    await publish();
    await orders.refresh();
    expect(orders.silentS()).toBe(0);
    await publish({ leader: "" });
    await orders.refresh();
    await clock.advance(60_000);
    expect(orders.silentS()).toBe(0);
  });
});

describe("a forgotten machine", () => {
  test("ends itself once it was idle, and no scaler heard, for long enough", async () => {
    const { clock, log, orders, publish } = world();
    await publish();
    await orders.refresh();
    let [idleSince, ended, drained] = [clock.monotonic(), 0, 0];
    const worker = { idleS: () => (clock.monotonic() - idleSince) / 1000, drain: () => void drained++ };
    const end = async () => void ended++;
    void endWhenForgotten({ clock, log, orders }, worker, 100, end, new AbortController().signal);
    await clock.advance(90_000);
    idleSince = clock.monotonic(); // a job came
    await clock.advance(60_000);
    expect(ended).toBe(0);
    await publish();
    await orders.refresh(); // the scaler was heard
    await clock.advance(60_000);
    expect(ended).toBe(0);
    await clock.advance(60_000);
    expect([ended, drained]).toEqual([1, 1]);
  });

  test("stays for ever where that is wished", async () => {
    const { clock, log, orders, publish } = world();
    await publish();
    await orders.refresh();
    const worker = { idleS: () => 1e9, drain: () => undefined };
    const end = () => Promise.reject(new Error("never"));
    await endWhenForgotten({ clock, log, orders }, worker, 0, end, new AbortController().signal);
    expect(clock.timers).toBe(0);
  });
});
