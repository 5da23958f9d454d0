import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Slots } from "../../../../agent/run/slots.ts";

const { signal } = new AbortController();

describe("slots", () => {
  test("are given first come, first served", async () => {
    const slots = new Slots(1);
    const order: number[] = [];
    const { gone: giveBack } = await slots.take(signal);
    const waiting = [1, 2, 3].map(async (n) => {
      const { gone: give } = await slots.take(signal);
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
    const { gone: second } = await slots.take(signal);
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

  test("a program that has ended leaves its place at once, while one for each place at most is still about to go", async () => {
    const slots = new Slots(1);
    const order: string[] = [];
    const first = await slots.take(signal);
    const [second, third] = ["second", "third"].map(async (name) => {
      const stay = await slots.take(signal);
      order.push(name);
      return stay;
    });
    first.ended();
    first.ended();
    (await second)?.ended();
    await setImmediate();
    expect(order).toEqual(["second"]);
    first.gone();
    (await second)?.gone();
    const last = await third;
    expect(order).toEqual(["second", "third"]);
    // Each has given back one place, however often it said so.
    let others = 0;
    void slots.take(signal).then(() => others++);
    void slots.take(signal).then(() => others++);
    first.gone();
    await setImmediate();
    expect(others).toBe(0);
    last?.ended();
    last?.gone();
    await setImmediate();
    expect(others).toBe(1);
  });

  test("who leaves while waiting loses nothing for the others", async () => {
    const slots = new Slots(1);
    const { gone: giveBack } = await slots.take(signal);
    const controller = new AbortController();
    const leaving = slots.take(controller.signal);
    const staying = slots.take(signal);
    controller.abort(new Error("lease lost"));
    await expect(leaving).rejects.toThrow("lease lost");
    giveBack();
    const { gone: give } = await staying;
    give();
    const { gone: again } = await slots.take(signal);
    again();
  });

  test("who comes with an aborted signal takes none", async () => {
    const slots = new Slots(1);
    await expect(slots.take(AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
    const { gone: give } = await slots.take(signal);
    give();
  });

  test("an abort after the slot was given keeps it with its holder", async () => {
    const slots = new Slots(1);
    const { gone: giveBack } = await slots.take(signal);
    const controller = new AbortController();
    const next = slots.take(controller.signal);
    giveBack();
    controller.abort(new Error("too late"));
    const { gone: give } = await next;
    give();
    const { gone: last } = await slots.take(signal);
    last();
  });
});
