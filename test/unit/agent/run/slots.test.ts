import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Slots } from "../../../../agent/run/slots.ts";

const { signal } = new AbortController();

describe("slots", () => {
  test("are given first come, first served", async () => {
    const slots = new Slots(1);
    const order: number[] = [];
    const giveBack = await slots.take(signal);
    const waiting = [1, 2, 3].map(async (n) => {
      const give = await slots.take(signal);
      order.push(n);
      give();
    });
    await setImmediate();
    expect(order).toEqual([]);
    giveBack();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
  });

  test("are as many as there are", async () => {
    const slots = new Slots(2);
    await slots.take(signal);
    const second = await slots.take(signal);
    let third = false;
    void slots.take(signal).then(() => (third = true));
    await setImmediate();
    expect(third).toBe(false);
    second();
    second(); // giving back twice gives no second slot
    await setImmediate();
    expect(third).toBe(true);
    let fourth = false;
    void slots.take(signal).then(() => (fourth = true));
    await setImmediate();
    expect(fourth).toBe(false);
  });

  test("who leaves while waiting loses nothing for the others", async () => {
    const slots = new Slots(1);
    const giveBack = await slots.take(signal);
    const controller = new AbortController();
    const leaving = slots.take(controller.signal);
    const staying = slots.take(signal);
    controller.abort(new Error("lease lost"));
    await expect(leaving).rejects.toThrow("lease lost");
    giveBack();
    const give = await staying;
    give();
    const again = await slots.take(signal);
    again();
  });

  test("who comes with an aborted signal takes none", async () => {
    const slots = new Slots(1);
    await expect(slots.take(AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
    const give = await slots.take(signal);
    give();
  });

  test("an abort after the slot was given keeps it with its holder", async () => {
    const slots = new Slots(1);
    const giveBack = await slots.take(signal);
    const controller = new AbortController();
    const next = slots.take(controller.signal);
    giveBack();
    controller.abort(new Error("too late"));
    const give = await next;
    give();
    const last = await slots.take(signal);
    last();
  });
});
