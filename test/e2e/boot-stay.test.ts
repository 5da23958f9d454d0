import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "../support/installation.ts";

const WITHIN = { timeout: 15_000, interval: 50 };

let machine: Installation;
beforeEach(async () => {
  machine = await makeInstallation();
});
afterEach(() => machine.close());

async function pidOf(lane: string): Promise<number> {
  const text = await readFile(`${machine.home}/lanes/${lane}/process`, "utf8").catch(() => "0");
  return Number(text.split(" ")[0]);
}

describe("boot.sh stay", () => {
  test("starts an agent that was killed again, and drains at SIGTERM", async () => {
    await machine.point(await machine.publish("1.0.0"));
    const stay = machine.start({}, "stay");
    await expect.poll(() => machine.running(), WITHIN).toEqual(["1.0.0"]);
    const killed = await pidOf("a");
    process.kill(killed, "SIGKILL");
    await expect
      .poll(async () => (await machine.running()).length === 1 && (await pidOf("a")) !== killed, WITHIN)
      .toBe(true);
    stay.kill("SIGTERM");
    expect(await once(stay, "exit")).toEqual([0, null]);
    expect(await machine.running()).toEqual([]);
  });

  test("hears an agent's wish for an update", async () => {
    await machine.point(await machine.publish("1.0.0"));
    const stay = machine.start({}, "stay");
    await expect.poll(() => machine.current(), WITHIN).toBe("1.0.0");
    await machine.point(await machine.publish("2.0.0"));
    await writeFile(`${machine.home}/shared/update-wanted`, "");
    await expect.poll(() => machine.running(), WITHIN).toEqual(["2.0.0"]);
    stay.kill("SIGTERM");
    expect(await once(stay, "exit")).toEqual([0, null]);
  });
});
