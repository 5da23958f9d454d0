import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ensureQueue } from "../../cloud/aws/provision.ts";
import { closeSqsClients, createSqsClients } from "../../cloud/aws/sqs.ts";
import { makeInstallation } from "../support/installation.ts";
import { compileKillAt, strideOf } from "../support/kill-at.ts";

const BUILD = resolve(import.meta.dirname, "../../bootstrap/build.ts");
const WITHIN = { timeout: 60_000, interval: 50 };

const STRIDE = strideOf(64);
const library = compileKillAt();
const bundle = await mkdtemp(join(tmpdir(), "drover-bundle-"));
execFileSync(process.execPath, [BUILD, bundle], { stdio: "pipe" });
afterAll(() => rm(bundle, { recursive: true }));

/**
 * A machine whose agents are the real ones boots its first release and is then given the next. Of all that the agents do to
 * the disk meanwhile, the change with this number is the last one for the agent that makes it; 0 for none.
 * Resolves to how many changes there were.
 */
async function liveAndChange(preload: string, at: number): Promise<number> {
  const machine = await makeInstallation();
  const sqs = createSqsClients();
  for (const queue of ["requests", "responses", "deliveries", "dead"]) {
    await ensureQueue(sqs, { name: `drover-${queue}`, retentionS: 86_400, visibilityTimeoutS: 60 });
  }
  closeSqsClients(sqs);
  const counter = `${machine.home}-counter`;
  await writeFile(counter, new Uint8Array(4));
  const kill = `LD_PRELOAD=${preload} KILL_ALONE=1 KILL_COUNTER=${counter}${at === 0 ? "" : ` KILL_AT=${at}`}`;
  const agent = `exec env ${kill} ${process.execPath} ${bundle}/drover.mjs agent`;
  const publish = (version: string) => machine.publish(version, agent, undefined, ["agent"]);
  await machine.point(await publish("1.0.0"));
  const stay = machine.start({ DROVER_CHANNEL_PERIOD_S: "0.2", DROVER_STATUS_PERIOD_S: "1" }, "stay");
  await expect.poll(() => machine.current(), WITHIN).toBe("1.0.0");
  await machine.point(await publish("2.0.0"));
  await expect.poll(() => machine.current(), WITHIN).toBe("2.0.0");
  await expect.poll(() => machine.running(), WITHIN).toEqual(["2.0.0"]);
  await machine.left();
  for (const version of ["1.0.0", "2.0.0"]) {
    const folder = join(machine.home, "releases", version);
    expect(await readFile(join(folder, "LICENSE"), "utf8")).toBe(`the license of ${version}`);
    expect(existsSync(join(folder, "runtime/node"))).toBe(true);
  }
  stay.kill("SIGTERM");
  expect(await once(stay, "exit"), `after a kill at change ${at}`).toEqual([0, null]);
  const changes = (await readFile(counter)).readInt32LE();
  await machine.close();
  return changes;
}

describe("an agent killed at a change that it makes to the disk", () => {
  it(
    "is started again, and the next release takes over, complete",
    { timeout: 1_800_000 },
    async ({ skip }) => {
      if (library === undefined) return skip("there is no C compiler");
      const undisturbed = await liveAndChange(library, 0);
      expect(undisturbed).toBeGreaterThan(20);
      let killed = 0;
      for (let at = 1; at <= undisturbed; at += STRIDE) {
        if ((await liveAndChange(library, at)) >= at) killed++;
      }
      // How often an agent writes its log depends on how long all this takes.
      expect(killed).toBeGreaterThanOrEqual((undisturbed / STRIDE) * 0.6);
    },
  );
});
