import { expect, test } from "vitest";
import { reportInstalled } from "../../../../autoscaler/daemon/installed.ts";
import { createLog } from "../../../../base/log.ts";
import type { StatusRow, Store } from "../../../../cloud/ports/store.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { createMemoryFiles } from "../../../support/memory-files.ts";

const facts = { instanceId: "one.x", version: "0.1.0", periodS: 10, startedAt: 5 };
const READY = "/lanes/x/run/ready";
const LEFT = "/lanes/x/run/left";

/** A scaler that is told to leave at its third sleep, over a store that fails its first `away` calls. */
async function live(daemons: string[], away: number) {
  const clock = createFakeClock();
  const files = createMemoryFiles();
  const seen: string[] = [];
  const log = createLog(
    () => seen.push("warned"),
    () => clock.now(),
  );
  const rows: StatusRow[] = [];
  let calls = 0;
  const call = async (what: string) => {
    if (++calls <= away) throw new Error("away");
    seen.push(`${what}${files.contents.has(READY) ? ", ready" : ""}`);
  };
  const store: Store = {
    appendActivity: () => call("append"),
    putStatus: (row) => call("row").then(() => void rows.push(row)),
    listStatus: () => call("list").then(() => []),
    deleteStatus: () => call("delete"),
    readRecord: () => call("read").then(() => undefined),
    swapRecord: () => call("swap").then(() => undefined),
  };
  const place = { home: "/home", instance: "one", release: "2", serial: 7, readyFile: READY };
  const left = new AbortController();
  let sleeps = 0;
  const counting = {
    ...clock,
    sleep: async (ms: number, signal?: AbortSignal) => {
      expect(ms).toBe(10_000);
      if (++sleeps === 3) left.abort();
      await clock.sleep(ms, signal);
    },
  };
  await reportInstalled({ clock: counting, files, log, store }, { ...place, daemons }, facts, left.signal);
  expect(files.contents.has(LEFT)).toBe(true);
  return { seen, rows, isReady: files.contents.has(READY) };
}

test("a control host reports its release every period, is ready with the first row, and takes the row along", async () => {
  const { seen, rows, isReady } = await live(["autoscaler"], 1);
  expect(seen).toEqual(["warned", "row", "row, ready", "delete, ready"]);
  expect(rows[0]).toMatchObject({ instance: "one", release: "2", serial: 7, state: "scaling", slots: 0 });
  expect(isReady).toBe(true);
});

test("beside an agent, which speaks for the machine, it is ready when it has reached the store, and writes no row", async () => {
  const { seen, isReady } = await live(["agent", "autoscaler"], 1);
  expect(seen).toEqual(["warned", "read"]);
  expect(isReady).toBe(true);
});

test("with the store away it is never ready", async () => {
  expect(await live(["agent", "autoscaler"], 9)).toMatchObject({ isReady: false });
  expect(await live(["autoscaler"], 9)).toMatchObject({ isReady: false });
});
