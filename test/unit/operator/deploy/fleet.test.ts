import { expect, test } from "vitest";
import type { StatusRow, Store } from "../../../../cloud/ports/store.ts";
import { instancesOf } from "../../../../operator/deploy/fleet.ts";

const NOW = 1_000_000;

async function instances(...rows: Partial<StatusRow>[]) {
  const store: Store = {
    appendActivity: async () => undefined,
    putStatus: async () => undefined,
    listStatus: async () => rows.map((row) => ({ instanceId: "x", heartbeatAt: NOW, periodS: 10, ...row })),
    deleteStatus: async () => undefined,
    readRecord: async () => undefined,
    swapRecord: async () => undefined,
  };
  return await instancesOf(store, NOW);
}

const old = { instanceId: "i-1.a", instance: "i-1", release: "1", startedAt: 1, state: "working" };
const young = { instanceId: "i-1.b", instance: "i-1", release: "2", startedAt: 2, state: "working" };

test("an instance with two agents is one, on the newer one's release, and changing until the older one drains", async () => {
  expect(await instances(young, old)).toMatchObject([{ instance: "i-1", release: "2", isChanging: true }]);
  expect(await instances(old, young)).toMatchObject([{ instance: "i-1", release: "2", isChanging: true }]);
  const draining = { ...old, state: "draining" };
  expect(await instances(draining, young)).toMatchObject([{ release: "2", isChanging: false }]);
  expect(await instances(old)).toMatchObject([{ release: "1", isChanging: false }]);
});

test("an instance that has missed three heartbeats is no part of the picture", async () => {
  expect(await instances({ ...old, heartbeatAt: NOW - 30_001 })).toEqual([]);
  expect(await instances({ ...old, heartbeatAt: NOW - 29_999 })).toHaveLength(1);
});

test("a control host has a release and takes no jobs", async () => {
  const row = { instanceId: "control.x", instance: "control", release: "1", state: "scaling" };
  expect(await instances(row, old)).toMatchObject([
    { instance: "control", release: "1", takesJobs: false },
    { instance: "i-1", takesJobs: true },
  ]);
});

test("an agent that was started by hand counts under its own name", async () => {
  expect(await instances({ instanceId: "laptop" })).toMatchObject([
    { instance: "laptop", release: "", problem: "" },
  ]);
});
