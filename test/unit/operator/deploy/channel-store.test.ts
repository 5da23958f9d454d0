import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { CHANNEL_KEY } from "../../../../bootstrap/release/channel.ts";
import { moveChannel, readChannel, readHistory } from "../../../../operator/deploy/channel-store.ts";
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

function generateKeys() {
  const { privateKey: key, publicKey } = generateKeyPairSync("ed25519");
  return { key, publicKey };
}
