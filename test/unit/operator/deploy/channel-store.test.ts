import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { CHANNEL_KEY, signChannel } from "../../../../bootstrap/release/channel.ts";
import {
  moveChannel,
  readChannel,
  readHistory,
  restoreChannel,
} from "../../../../operator/deploy/channel-store.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { createMemoryObjects } from "../../../support/memory-objects.ts";

function world() {
  const clock = createFakeClock();
  const objects = createMemoryObjects(clock, "fleet");
  const { privateKey: key, publicKey } = generateKeyPairSync("ed25519");
  return { objects, clock, key, publicKey, validS: 60 };
}

const named = (version: string) => ({
  release: { version, manifestSha256: "0".repeat(64) },
  previous: undefined,
  canary: undefined,
});

describe("moveChannel", () => {
  test("counts serials up, names the fleet and when it ends, and keeps every channel", async () => {
    const tools = world();
    expect(await moveChannel(tools, () => named("1"))).toMatchObject({ serial: 1, fleet: "fleet" });
    const second = await moveChannel(tools, () => named("2"));
    expect(second).toMatchObject({ serial: 2, expiresAtS: tools.clock.now() / 1000 + 60 });
    expect((await readChannel(tools.objects, tools.publicKey))?.channel).toEqual(second);
    const history = await readHistory(tools.objects, tools.publicKey);
    expect(history.map((it) => it.release.version)).toEqual(["2", "1"]);
  });

  test("never overwrites what somebody else has deployed meanwhile", async () => {
    const tools = world();
    await moveChannel(tools, () => named("1"));
    const outcomes = await Promise.allSettled([
      moveChannel(tools, () => named("2")),
      moveChannel(tools, () => named("3")),
    ]);
    expect(outcomes.map((it) => it.status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const [winner] = outcomes.flatMap((it) => (it.status === "fulfilled" ? [it.value] : []));
    const [loser] = outcomes.flatMap((it) => (it.status === "rejected" ? [it.reason as unknown] : []));
    expect((await readChannel(tools.objects, tools.publicKey))?.channel).toEqual(winner);
    expect(loser).toMatchObject({ code: "channel-moved" });
  });

  test("refuses to build on a channel that somebody else has signed", async () => {
    const tools = world();
    await moveChannel({ ...tools, ...generateKeys() }, () => named("evil"));
    await expect(moveChannel(tools, () => named("1"))).rejects.toMatchObject({ code: "channel-signature" });
    expect(await readHistory(tools.objects, tools.publicKey)).toEqual([]);
    expect(tools.objects.stored.has(CHANNEL_KEY)).toBe(true);
  });
});

describe("a channel that somebody has overwritten", () => {
  const evil = { ...named("evil"), serial: 99, fleet: "fleet", expiresAtS: 9e9 };

  test("gives its place back to the last one that was signed, under a new serial", async () => {
    const tools = world();
    await moveChannel(tools, () => named("1"));
    await moveChannel(tools, () => named("2"));
    for (const text of [signChannel(evil, generateKeys().key), "cut off"]) {
      await tools.objects.put(CHANNEL_KEY, text);
      const restored = await restoreChannel(tools);
      expect(restored.release.version).toBe("2");
      expect((await readChannel(tools.objects, tools.publicKey))?.channel).toEqual(restored);
    }
    expect((await readHistory(tools.objects, tools.publicKey)).map((it) => it.serial)).toEqual([4, 3, 2, 1]);
  });

  test("is no reason to restore what another key has signed", async () => {
    const tools = world();
    await moveChannel(tools, () => named("1"));
    const others = { ...tools, ...generateKeys() };
    await expect(restoreChannel(others)).rejects.toMatchObject({ code: "nothing-deployed" });
  });

  test("by one of its own past is outdone by the next deploy: serials rise above all there ever were", async () => {
    const tools = world();
    await moveChannel(tools, () => named("1"));
    const old = (await tools.objects.get(CHANNEL_KEY))?.body ?? new Uint8Array();
    await moveChannel(tools, () => named("2"));
    await tools.objects.put(CHANNEL_KEY, old);
    expect(await moveChannel(tools, () => named("3"))).toMatchObject({ serial: 3 });
  });
});

function generateKeys() {
  const { privateKey: key, publicKey } = generateKeyPairSync("ed25519");
  return { key, publicKey };
}
