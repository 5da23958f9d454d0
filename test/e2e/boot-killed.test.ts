import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type Installation, makeInstallation } from "../support/installation.ts";

const BOOT = resolve(import.meta.dirname, "../../bootstrap/boot.sh");

/** Every place in boot.sh where an update may be cut off. */
const STEPS = [
  ...readFileSync(BOOT, "utf8").matchAll(/^ *step "?([a-z]+(?:-[a-z]+)?)(-\$name)?"?$/gm),
].flatMap(([, name = "", each]) => {
  if (each === undefined) return [name];
  return name === "unpacked" ? [`${name}-node`] : [`${name}-release`, `${name}-node`];
});

/** Old or new, never neither: what `current` names is whole, and one agent of it runs. */
async function isWhole(machine: Installation, version: string): Promise<void> {
  expect(await machine.current()).toBe(version);
  const folder = join(machine.home, "releases", version);
  expect(await readFile(join(folder, "LICENSE"), "utf8")).toBe(`the license of ${version}`);
  expect(existsSync(join(folder, "runtime/node"))).toBe(true);
  expect(await machine.running()).toEqual([version]);
}

describe("boot.sh killed in the middle", () => {
  it("knows its steps", () => {
    expect(STEPS.length).toBeGreaterThanOrEqual(12);
  });

  it.concurrent.for(STEPS)(
    "at %s: the machine still has a whole release, and the next boot finishes",
    async (step, { onTestFinished }) => {
      const machine = await makeInstallation();
      onTestFinished(() => machine.close());
      await machine.point(await machine.publish("1.0.0"));
      const first = await machine.boot({ DROVER_BOOT_DIE_AT: step });
      // Nothing drains yet.
      expect(first).toMatchObject(step === "draining" ? { code: 0 } : { signal: "SIGKILL" });
      expect(await machine.boot()).toMatchObject({ code: 0 });
      await isWhole(machine, "1.0.0");

      await machine.point(await machine.publish("2.0.0"));
      const second = await machine.boot({ DROVER_BOOT_DIE_AT: step });
      // The runtime is there already; nothing of it is fetched again.
      expect(second).toMatchObject(step.endsWith("-node") ? { code: 0 } : { signal: "SIGKILL" });
      const between = await machine.current();
      expect(["1.0.0", "2.0.0"]).toContain(between);
      if (between === "1.0.0") expect(await machine.running()).toContain(between);
      expect(await machine.boot()).toMatchObject({ code: 0 });
      await isWhole(machine, "2.0.0");
      await machine.left();
    },
  );
});
