import { describe, expect, test } from "vitest";
import { leaseSlots } from "../../../../agent/release/slot-leases.ts";
import { Slots } from "../../../../agent/run/slots.ts";
import { systemClock } from "../../../../base/system/clock.ts";
import { systemFiles } from "../../../../base/system/files.ts";
import { lockFolder } from "../../../../base/system/lock.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const tools = { clock: systemClock, files: systemFiles, lock: lockFolder };

describe("two agents on one machine", () => {
  test("never hold more slots than the machine has; the new one takes each as it is surrendered", async () => {
    const folder = await tempFolder();
    const [old, young] = [new Slots(0), new Slots(0)];
    const left = new AbortController();
    await leaseSlots(tools, folder, 2, old, left.signal);
    expect(old.count).toBe(2);
    const { gone: endFirst } = await old.take(left.signal);
    const { gone: endSecond } = await old.take(left.signal);

    const grown: number[] = [];
    young.onAdded = () => grown.push(young.count + old.count);
    const leasing = leaseSlots(tools, folder, 2, young, left.signal);
    old.surrender();
    expect([old.count, young.count]).toEqual([2, 0]);
    endFirst();
    await expect.poll(() => young.count).toBe(1);
    expect(old.count).toBe(1);
    endSecond();
    await leasing;
    expect([old.count, young.count]).toEqual([0, 2]);
    expect(grown).toEqual([2, 2]);
    young.surrender();
  });

  test("takes what an agent held that is gone, and ends when told", async () => {
    const folder = await tempFolder();
    const slots = new Slots(0);
    const left = new AbortController();
    await systemFiles.makeFolder(`${folder}/0`);
    const unlock = await lockFolder(`${folder}/0`);
    const leasing = leaseSlots(tools, folder, 1, slots, left.signal);
    left.abort(new Error("leaving"));
    await leasing;
    expect(slots.count).toBe(0);
    unlock();
  });
});
