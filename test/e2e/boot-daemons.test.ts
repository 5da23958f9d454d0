import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GOOD_AGENT, type Installation, makeInstallation } from "../support/installation.ts";

const WITHIN = { timeout: 30_000, interval: 50 };
const BOTH = { DROVER_DAEMONS: "agent autoscaler" };
const HOST = { DROVER_DAEMONS: "autoscaler" };
/** An autoscaler that cannot start, and says why; the agent would be fine. */
const BAD_SCALER = `if [[ $1 == autoscaler ]]; then echo "drover autoscaler: There is no pool. [config-invalid]" >&2; exit 64; fi
${GOOD_AGENT}`;

let machine: Installation;
beforeEach(async () => {
  machine = await makeInstallation();
});
afterEach(() => machine.close());

async function runs(env: Record<string, string>, ...crew: string[]): Promise<void> {
  expect(await machine.boot(env)).toMatchObject({ code: 0 });
  expect(await machine.crew()).toEqual(crew);
}

async function pidOf(lane: string): Promise<number> {
  const text = await readFile(`${machine.home}/lanes/${lane}/process`, "utf8").catch(() => "0");
  return Number(text.split(" ")[0]);
}

describe("boot.sh runs what the machine is to run of a release", () => {
  test("an agent where nothing is said, the autoscaler alone on a control host, both where both are named", async () => {
    await machine.point(await machine.publish("1.0.0"));
    await runs({}, "agent 1.0.0");
    await runs(BOTH, "agent 1.0.0", "autoscaler 1.0.0");
    await runs(HOST, "autoscaler 1.0.0");
    await runs({}, "agent 1.0.0");
  });

  test("both go to the next release, and back to one that has no autoscaler", async () => {
    await machine.point(await machine.publish("1.0.0", GOOD_AGENT, undefined, ["agent"]));
    await runs(BOTH, "agent 1.0.0");
    await machine.point(await machine.publish("2.0.0"));
    await runs(BOTH, "agent 2.0.0", "autoscaler 2.0.0");
    await machine.point(await machine.publish("3.0.0"));
    await runs(BOTH, "agent 3.0.0", "autoscaler 3.0.0");
    await machine.point(await machine.publish("1.0.0", GOOD_AGENT, undefined, ["agent"]));
    await runs(BOTH, "agent 1.0.0");
  });

  test("a release whose autoscaler does not start is refused with the reason before its agent takes a job", async () => {
    await machine.point(await machine.publish("1.0.0"));
    await runs(BOTH, "agent 1.0.0", "autoscaler 1.0.0");
    await machine.point(await machine.publish("2.0.0", BAD_SCALER));
    expect(await machine.boot(BOTH)).toMatchObject({ code: 3 });
    expect(await machine.problem()).toBe(
      "release-refused 2.0.0 is refused by this instance: its autoscaler ended before it was ready, it said: drover autoscaler: There is no pool. [config-invalid]",
    );
    expect(await machine.crew()).toEqual(["agent 1.0.0", "autoscaler 1.0.0"]);
    expect(await readFile(`${machine.home}/log/boot.log`, "utf8")).not.toMatch(/starting the agent of 2/);
  });

  test("a release without any of its daemons is not run", async () => {
    await machine.point(await machine.publish("1.0.0"));
    await runs(HOST, "autoscaler 1.0.0");
    await machine.point(await machine.publish("2.0.0", GOOD_AGENT, undefined, ["agent"]));
    expect(await machine.boot(HOST)).toMatchObject({ code: 3 });
    expect(await machine.problem()).toMatch(/^daemon-missing 2\.0\.0 .*: autoscaler$/);
    expect(await machine.crew()).toEqual(["autoscaler 1.0.0"]);
  });
});

describe("boot.sh stay", () => {
  test("starts an autoscaler that was killed again, and leaves the agent alone", async () => {
    await machine.point(await machine.publish("1.0.0"));
    const stay = machine.start(BOTH, "stay");
    await expect.poll(() => machine.crew(), WITHIN).toEqual(["agent 1.0.0", "autoscaler 1.0.0"]);
    const [agent, scaler] = [await pidOf("a"), await pidOf("x")];
    process.kill(scaler, "SIGKILL");
    await expect
      .poll(async () => (await machine.crew()).length === 2 && (await pidOf("x")) !== scaler, WITHIN)
      .toBe(true);
    expect(await pidOf("a")).toBe(agent);
    stay.kill("SIGTERM");
    expect(await once(stay, "exit")).toEqual([0, null]);
    expect(await machine.crew()).toEqual([]);
  });

  test("ends when an agent asks for the machine's end", async () => {
    await machine.point(await machine.publish("1.0.0"));
    const stay = machine.start(BOTH, "stay");
    await expect.poll(() => machine.crew(), WITHIN).toHaveLength(2);
    await expect.poll(() => machine.current(), WITHIN).toBe("1.0.0");
    await writeFile(`${machine.home}/shared/end-wanted`, "");
    expect(await once(stay, "exit")).toEqual([0, null]);
    expect(await machine.crew()).toEqual([]);
  });

  test("does not start an agent again that has left in order, nor takes it for one that died", async () => {
    const leaves = `trap 'exit 0' TERM
echo ready >"$DROVER_READY_FILE"
exec 7<> <(:)
while [[ ! -e $DROVER_HOME/leave ]]; do read -r -t 0.05 -u 7; done
touch "\${DROVER_READY_FILE%/*}/left"`;
    await machine.point(await machine.publish("1.0.0", leaves));
    const stay = machine.start({}, "stay");
    await expect.poll(() => machine.current(), WITHIN).toBe("1.0.0");
    await writeFile(`${machine.home}/leave`, "");
    await expect.poll(() => machine.crew(), WITHIN).toEqual([]);
    // What it hears next is its own update, not the end of the agent.
    await machine.point(await machine.publish("2.0.0"));
    await writeFile(`${machine.home}/shared/update-wanted`, "");
    await expect.poll(() => machine.crew(), WITHIN).toEqual(["agent 2.0.0"]);
    stay.kill("SIGTERM");
    expect(await once(stay, "exit")).toEqual([0, null]);
    const log = await readFile(`${machine.home}/log/boot.log`, "utf8");
    expect(log.match(/starting the agent of 1/g)).toHaveLength(1);
    expect(log).not.toMatch(/has died/);
  });
});

describe("boot.sh on a machine that lacks something", () => {
  /** A PATH with the tools that boot.sh needs, but for one, and with others in its place. */
  async function pathWith(own: Record<string, string>, without: string): Promise<string> {
    const bin = `${machine.home}-bin`;
    await mkdir(bin, { recursive: true });
    const tools =
      "bash basename cat cp cut date dirname env flock gzip head ln mkdir mv openssl rm sha256sum sleep stat sync tail tar tee uname curl readlink";
    for (const name of tools.split(" ")) {
      if (name === without || name in own) continue;
      await symlink(
        execFileSync("bash", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim(),
        `${bin}/${name}`,
      );
    }
    for (const [name, text] of Object.entries(own))
      await writeFile(`${bin}/${name}`, `#!/bin/bash\n${text}\n`, { mode: 0o755 });
    return bin;
  }

  test.each(["curl", "openssl", "tar", "gzip", "flock"])("says that it is %s", async (name) => {
    await machine.point(await machine.publish("1.0.0"));
    expect(await machine.boot({ PATH: await pathWith({}, name) })).toMatchObject({ code: 1 });
    expect(await machine.problem()).toBe(`tools-missing this machine lacks: ${name}`);
  });

  test.each([
    ["curl", 'echo "curl 7.81.0 (x86_64-pc-linux-gnu)"', /curl must be 7\.88 or newer/],
    ["openssl", 'echo "OpenSSL 1.1.1w  11 Sep 2023"', /OpenSSL must be 3 or newer/],
  ])("says that %s is too old", async (name, text, problem) => {
    await machine.point(await machine.publish("1.0.0"));
    expect(await machine.boot({ PATH: await pathWith({ [name]: text }, "") })).toMatchObject({ code: 1 });
    expect(await machine.problem()).toMatch(problem);
  });

  test("needs nothing else", async () => {
    await machine.point(await machine.publish("1.0.0"));
    expect(await machine.boot({ PATH: await pathWith({}, "") })).toMatchObject({ code: 0 });
    expect(await machine.crew()).toEqual(["agent 1.0.0"]);
  });
});
