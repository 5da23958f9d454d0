import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Installation, makeInstallation } from "../support/installation.ts";
import { compileKillAt, strideOf } from "../support/kill-at.ts";

const STRIDE = strideOf(24);
const library = compileKillAt();

async function isWhole(machine: Installation, version: string): Promise<void> {
  const folder = join(machine.home, "releases", version);
  expect(await readFile(join(folder, "LICENSE"), "utf8")).toBe(`the license of ${version}`);
  expect(existsSync(join(folder, "runtime/node"))).toBe(true);
}

/** A machine without a release, or with one, that is told to run the next one, and boots under the library. */
async function change(preload: string, isFirst: boolean, at: number) {
  const machine = await makeInstallation();
  const counter = `${machine.home}-counter`;
  await writeFile(counter, new Uint8Array(4));
  if (!isFirst) {
    await machine.point(await machine.publish("1.0.0"));
    expect(await machine.boot()).toMatchObject({ code: 0 });
  }
  await machine.point(await machine.publish("2.0.0"));
  const env = { LD_PRELOAD: preload, KILL_COUNTER: counter, ...(at === 0 ? {} : { KILL_AT: String(at) }) };
  const booted = await machine.boot(env);
  return { machine, booted, changes: (await readFile(counter)).readInt32LE() };
}

describe("boot.sh killed with all its children at a change that it makes to the disk", () => {
  it.for([true, false])(
    "keeps a whole release, and the next boot finishes (first boot: %s)",
    { timeout: 1_800_000 },
    async (isFirst, { skip }) => {
      if (library === undefined) return skip("there is no C compiler");
      const undisturbed = await change(library, isFirst, 0);
      expect(undisturbed.booted).toMatchObject({ code: 0 });
      await undisturbed.machine.close();
      expect(undisturbed.changes).toBeGreaterThan(40);
      let killed = 0;
      for (let at = 1; at <= undisturbed.changes; at += STRIDE) {
        const { machine, booted } = await change(library, isFirst, at);
        if (booted.signal === "SIGKILL") killed++;
        const between = await machine.current();
        if (between === undefined) expect(isFirst).toBe(true);
        else await isWhole(machine, between);
        if (between === "1.0.0") expect(await machine.running()).toContain("1.0.0");
        expect(await machine.boot(), `after a kill at change ${at}`).toMatchObject({ code: 0 });
        expect(await machine.current()).toBe("2.0.0");
        await isWhole(machine, "2.0.0");
        expect(await machine.running()).toEqual(["2.0.0"]);
        await machine.left();
        await machine.close();
      }
      // The daemon's own last change may come when boot.sh has ended.
      expect(killed).toBeGreaterThan((undisturbed.changes / STRIDE) * 0.8);
    },
  );
});
