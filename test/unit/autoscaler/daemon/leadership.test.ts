import { describe, expect, test } from "vitest";
import { Leadership, LOOK, RENEW } from "../../../../autoscaler/daemon/leadership.ts";
import { parseRecord, RECORD } from "../../../../autoscaler/daemon/record.ts";
import type { Clock } from "../../../../base/clock.ts";
import { createLog } from "../../../../base/log.ts";
import { createS3Store } from "../../../../cloud/aws/s3-store.ts";
import { createMemoryObjects } from "../../../support/memory-objects.ts";
import { createSimClock } from "../../../support/sim-clock.ts";

const PERIOD_S = 10;
const PERIOD_MS = PERIOD_S * 1000;

function world() {
  const clock = createSimClock();
  const store = createS3Store(createMemoryObjects(clock));
  const log = createLog(
    () => undefined,
    () => clock.now(),
  );
  const stored = async () => parseRecord((await store.readRecord(RECORD))?.text ?? "{}");

  /** A scaler's loop without anything to scale. `store` may be a worse one. */
  function start(
    name: string,
    given: Partial<{ store: typeof store; clock: Pick<Clock, "monotonic"> }> = {},
  ) {
    const leadership = new Leadership({ store, clock, log, ...given }, name, PERIOD_S);
    const life = { dead: false };
    const live = async () => {
      while (!life.dead) {
        if (leadership.leading) await leadership.write();
        else await leadership.look();
        await clock.sleep((leadership.leading ? RENEW : LOOK) * PERIOD_MS);
      }
    };
    void live();
    return Object.assign(leadership, { kill: () => void (life.dead = true) });
  }
  return { clock, store, stored, start };
}

describe("leadership", () => {
  test("falls to one of those who start together, and stays with it", async () => {
    const { clock, start, stored } = world();
    const scalers = ["a", "b", "c"].map((name) => start(name));
    await clock.advance(1);
    const leader = scalers.filter((it) => it.mayAct);
    expect(leader).toHaveLength(1);
    await clock.advance(20 * PERIOD_MS);
    expect(scalers.filter((it) => it.mayAct)).toEqual(leader);
    expect((await stored()).epoch).toBe(1);
  });

  test.each([0, 1_234, 4_999])(
    "of one that dies falls to another within two periods (%i ms)",
    async (phaseMs) => {
      const { clock, start } = world();
      const first = start("a");
      await clock.advance(1);
      await clock.advance(phaseMs);
      const second = start("b");
      await clock.advance(3 * PERIOD_MS);
      expect(second.leading).toBe(false);
      first.kill();
      await clock.advance(2 * PERIOD_MS);
      expect(second.mayAct).toBe(true);
      expect(second.record.epoch).toBe(2);
      expect(first.mayAct).toBe(false);
    },
  );

  test("ends before it can fall to another, for one that cannot reach the store", async () => {
    const { clock, start, store } = world();
    let away = false;
    const flaky = {
      ...store,
      readRecord: (name: string) => (away ? Promise.reject(new Error("away")) : store.readRecord(name)),
      swapRecord: (...it: Parameters<typeof store.swapRecord>) =>
        away ? Promise.reject(new Error("away")) : store.swapRecord(...it),
    };
    const first = start("a", { store: flaky });
    await clock.advance(1);
    const second = start("b");
    await clock.advance(3 * PERIOD_MS);
    away = true;
    let both = 0;
    for (let ms = 0; ms < 3 * PERIOD_MS; ms += 100) {
      await clock.advance(100);
      if (first.mayAct && second.mayAct) both++;
    }
    expect(both).toBe(0);
    expect(second.mayAct).toBe(true);
    away = false;
    await clock.advance(PERIOD_MS);
    expect(first.leading).toBe(false);
  });

  test("comes back to the same one after an outage for everybody, and nobody acts in between", async () => {
    const { clock, start, store } = world();
    let away = false;
    const flaky = {
      ...store,
      readRecord: (name: string) => (away ? Promise.reject(new Error("away")) : store.readRecord(name)),
      swapRecord: (...it: Parameters<typeof store.swapRecord>) =>
        away ? Promise.reject(new Error("away")) : store.swapRecord(...it),
    };
    const scalers = [start("a", { store: flaky }), start("b", { store: flaky })];
    await clock.advance(1);
    away = true;
    await clock.advance(2 * PERIOD_MS);
    expect(scalers.filter((it) => it.mayAct)).toEqual([]);
    await clock.advance(60 * PERIOD_MS);
    away = false;
    await clock.advance(2 * PERIOD_MS);
    expect(scalers.filter((it) => it.mayAct)).toHaveLength(1);
  });

  test("does not depend on what time anybody's clock says", async () => {
    const { clock, start } = world();
    const first = start("a");
    // Another host, which started ten minutes later and whose wall clock nobody asks for.
    const late = { monotonic: () => clock.monotonic() + 600_000 };
    const second = start("b", { clock: late });
    await clock.advance(1);
    clock.jump(3_600_000);
    await clock.advance(10 * PERIOD_MS);
    clock.jump(-7_200_000);
    await clock.advance(10 * PERIOD_MS);
    expect([first.mayAct, second.mayAct]).toEqual([true, false]);
    expect(first.record.epoch).toBe(1);
  });

  test("is given up at once in order", async () => {
    const { clock, start } = world();
    const first = start("a");
    await clock.advance(1);
    const second = start("b");
    await clock.advance(PERIOD_MS);
    await first.resign();
    first.kill();
    expect(first.mayAct).toBe(false);
    await clock.advance(LOOK * PERIOD_MS + 1);
    expect(second.mayAct).toBe(true);
  });

  test("a write whose answer was lost is found again, and the next one goes on", async () => {
    const { clock, store } = world();
    let lose = false;
    const losing = {
      ...store,
      swapRecord: async (...it: Parameters<typeof store.swapRecord>) => {
        const version = await store.swapRecord(...it);
        if (lose) throw new Error("the answer was lost");
        return version;
      },
    };
    const log = createLog(
      () => undefined,
      () => clock.now(),
    );
    const scaler = new Leadership({ store: losing, clock, log }, "a", PERIOD_S);
    await scaler.look();
    lose = true;
    scaler.revise({ cordons: { "i-1": "1.1" } });
    expect(await scaler.write()).toBe(false);
    expect(scaler.published.cordons).toEqual({});
    lose = false;
    expect(await scaler.write()).toBe(true);
    expect(scaler.published.cordons).toEqual({ "i-1": "1.1" });
  });

  test("who was fenced out cannot write any more, nor act", async () => {
    const { clock, store, stored } = world();
    const log = createLog(
      () => undefined,
      () => clock.now(),
    );
    const old = new Leadership({ store, clock, log }, "a", PERIOD_S);
    await old.look();
    const young = new Leadership({ store, clock, log }, "b", PERIOD_S);
    await young.look();
    await clock.advance(2 * PERIOD_MS);
    await young.look();
    expect(young.mayAct).toBe(true);
    old.revise({ sentence: "from the past" });
    expect(await old.write()).toBe(false);
    expect([old.leading, old.mayAct]).toEqual([false, false]);
    expect(await stored()).toMatchObject({ leader: "b", epoch: 2, sentence: "" });
  });
});
