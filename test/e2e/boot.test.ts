import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GOOD_AGENT, type Installation, makeInstallation } from "../support/installation.ts";

const BOOT = resolve(import.meta.dirname, "../../bootstrap/boot.sh");
/** As Node says it: the reason stands in the middle. */
const CRASHES_AT_START = `printf 'file:///x.mjs:1\\n\\nSyntaxError: oh\\n    at x.mjs:1\\n\\nNode.js v24\\n' >&2; exit 1`;
const NEVER_READY = "exec 7<> <(:)\nwhile :; do read -r -t 0.05 -u 7; done";
const DIES_SOON = `echo ready >"$DROVER_READY_FILE"\nsleep 0.5\nexit 1`;

function hasShellcheck(): boolean {
  try {
    execFileSync("shellcheck", ["--version"], { stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
}

let machine: Installation;
beforeEach(async () => {
  machine = await makeInstallation();
});
afterEach(() => machine.close());

/** A machine that runs 1.0.0 and is told to run what `publish` gives. */
async function runsOne(): Promise<void> {
  await machine.point(await machine.publish("1.0.0"));
  expect(await machine.boot()).toMatchObject({ code: 0 });
  expect(await machine.running()).toEqual(["1.0.0"]);
}

async function keepsOne(problem: RegExp, env: Record<string, string> = {}): Promise<void> {
  const { code } = await machine.boot(env);
  expect(code).toBe(3);
  expect(await machine.problem()).toMatch(problem);
  expect(await machine.current()).toBe("1.0.0");
  expect(await machine.running()).toEqual(["1.0.0"]);
}

describe("boot.sh", () => {
  it("brings up a bare machine, tells the store, and does nothing when nothing changed", async () => {
    await runsOne();
    expect(await machine.objects.list("boot/one/")).toHaveLength(1);
    expect(await machine.boot()).toMatchObject({ code: 0, stderr: "" });
    expect(await machine.objects.list("boot/one/")).toHaveLength(1);
  });

  it("updates a live machine: the new agent first, then the old one is told to drain; and goes back by channel", async () => {
    await runsOne();
    const two = await machine.publish("2.0.0");
    await machine.point(two);
    expect(await machine.boot()).toMatchObject({ code: 0 });
    expect(await machine.current()).toBe("2.0.0");
    expect(await machine.running()).toEqual(["2.0.0"]);
    expect((await readdir(`${machine.home}/releases`)).toSorted()).toEqual(["1.0.0", "2.0.0"]);
    await machine.point(await machine.publish("1.0.0"));
    expect(await machine.boot()).toMatchObject({ code: 0 });
    expect(await machine.running()).toEqual(["1.0.0"]);
  });

  it("keeps two releases and drops older ones, with what only they needed", async () => {
    await runsOne();
    for (const version of ["2.0.0", "3.0.0"]) {
      await machine.point(await machine.publish(version));
      expect(await machine.boot()).toMatchObject({ code: 0 });
    }
    // The first agent's release goes once it has left, which may be a boot later.
    await expect
      .poll(
        async () => {
          await machine.boot();
          return (await readdir(`${machine.home}/releases`)).toSorted();
        },
        { timeout: 60_000 },
      )
      .toEqual(["2.0.0", "3.0.0"]);
    expect(await readdir(`${machine.home}/artifacts`)).toHaveLength(1);
  }, 120_000);

  it("repairs a release whose files were damaged", async () => {
    await runsOne();
    await appendFile(`${machine.home}/releases/1.0.0/LICENSE`, "x");
    expect(await machine.boot()).toMatchObject({ code: 0 });
    expect(await readFile(`${machine.home}/releases/1.0.0/LICENSE`, "utf8")).toBe("the license of 1.0.0");
  });

  it("goes on with a download where the network has cut it off", async () => {
    const padding = randomBytes(600_000).toString("base64"); // does not compress
    await machine.point(await machine.publish("1.0.0", `: <<'END'\n${padding}\nEND\n${GOOD_AGENT}`));
    const bytes = (await machine.objects.head("releases/1.0.0/release.tar.gz"))?.bytes ?? 0;
    let [cuts, passed] = [0, 0];
    const proxy = createServer((client) => {
      const upstream = connect(Number(new URL(process.env["AWS_ENDPOINT_URL"] ?? "").port), "127.0.0.1");
      let here = 0;
      client.on("error", () => undefined).on("close", () => upstream.destroy());
      upstream.on("error", () => undefined).on("close", () => client.destroy());
      client.pipe(upstream);
      upstream.on("data", (chunk: Buffer) => {
        here += chunk.length;
        passed += chunk.length;
        client.write(chunk);
        if (here < 250_000) return;
        cuts++;
        client.destroySoon();
        upstream.destroy();
      });
    });
    await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening));
    const port = (proxy.address() as AddressInfo).port;
    expect(await machine.boot({ AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` })).toMatchObject({ code: 0 });
    proxy.close();
    expect(cuts).toBeGreaterThanOrEqual(2);
    expect(passed).toBeLessThan(1.3 * bytes);
  });

  it("starts what it has when the store is away", async () => {
    await runsOne();
    const away = { AWS_ENDPOINT_URL: "http://127.0.0.1:9", DROVER_HEALTH_TIMEOUT_S: "2" };
    expect(await machine.boot(away)).toMatchObject({ code: 3 });
    expect(await machine.running()).toEqual(["1.0.0"]);
    expect(await machine.problem()).toMatch(/^channel-unreachable/);
  });

  it("shows no secret in an argument of any process, nor in its log", async () => {
    const [bin, seen] = [`${machine.home}-bin`, `${machine.home}-seen`];
    await mkdir(bin);
    for (const name of ["curl", "openssl", "tar", "sha256sum"]) {
      const real = execFileSync("bash", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
      await writeFile(`${bin}/${name}`, `#!/bin/bash\necho "$0 $*" >>${seen}\nexec ${real} "$@"\n`, {
        mode: 0o755,
      });
    }
    await machine.point(await machine.publish("1.0.0"));
    const { code, stderr } = await machine.boot({ PATH: `${bin}:${process.env["PATH"]}` });
    expect(code).toBe(0);
    const secret = process.env["AWS_SECRET_ACCESS_KEY"] ?? "";
    expect(secret).not.toBe("");
    const said =
      (await readFile(seen, "utf8")) + stderr + (await readFile(`${machine.home}/log/boot.log`, "utf8"));
    expect(said).toContain("/curl -q");
    expect(said).not.toContain(secret);
  });

  it.skipIf(!hasShellcheck())("passes shellcheck", () => {
    expect(() => execFileSync("shellcheck", [BOOT], { stdio: "pipe" })).not.toThrow();
  });
});

describe("boot.sh with a bad release", () => {
  it("refuses one whose agent crashes at start, after two tries, and does not try it again", async () => {
    await runsOne();
    await machine.point(await machine.publish("2.0.0", CRASHES_AT_START));
    await keepsOne(
      /^release-refused 2\.0\.0 is refused by this instance: its agent ended before it was ready, it said: SyntaxError: oh$/,
    );
    const log = await readFile(`${machine.home}/log/boot.log`, "utf8");
    expect(log.match(/starting the agent of 2\.0\.0/g)).toHaveLength(2);
    await keepsOne(/^release-refused 2\.0\.0/);
    expect(
      await readFile(`${machine.home}/log/boot.log`, "utf8").then((text) =>
        text.match(/starting the agent of 2/g),
      ),
    ).toHaveLength(2);
  });

  it("keeps trying the only release it has: a refusal would only keep the machine down", async () => {
    const flag = `${machine.home}/may-start`;
    await machine.point(await machine.publish("1.0.0", `[[ -e ${flag} ]] || exit 1\n${GOOD_AGENT}`));
    expect(await machine.boot()).toMatchObject({ code: 1 });
    expect(await machine.problem()).toMatch(/^release-unhealthy 1\.0\.0 does not start, its agent ended/);
    await writeFile(flag, "");
    expect(await machine.boot()).toMatchObject({ code: 0 });
  });

  it("does not blame a release for a cloud that its agent does not reach", async () => {
    await runsOne();
    const flag = `${machine.home}/may-start`;
    const lost = `[[ -e ${flag} ]] || { echo "drover agent: Nobody answers. [cloud-unreachable]" >&2; exit 69; }`;
    await machine.point(await machine.publish("2.0.0", `${lost}\n${GOOD_AGENT}`));
    await keepsOne(/^release-unhealthy 2\.0\.0 does not start, .*Nobody answers.*; it is tried again/);
    await writeFile(flag, "");
    expect(await machine.boot()).toMatchObject({ code: 0 });
    expect(await machine.running()).toEqual(["2.0.0"]);
  });

  it("refuses one whose agent never becomes ready, and leaves nothing of it running", async () => {
    await runsOne();
    await machine.point(await machine.publish("2.0.0", NEVER_READY));
    await keepsOne(/did not become ready within 2 s/, { DROVER_HEALTH_TIMEOUT_S: "2" });
  });

  it("falls back when a release that was healthy dies again and again", async () => {
    await runsOne();
    await machine.point(await machine.publish("2.0.0", DIES_SOON));
    const codes: (number | null)[] = [];
    for (let i = 0; i < 5 && (await machine.problem()) === ""; i++) {
      codes.push((await machine.boot()).code);
      await expect
        .poll(() => machine.running().then((them) => them.includes("2.0.0")), { timeout: 5_000 })
        .toBe(false);
    }
    expect(await machine.problem()).toMatch(
      /release-refused 2\.0\.0 is refused by this instance: it died 3 times/,
    );
    expect(await machine.current()).toBe("1.0.0");
    expect(await machine.running()).toEqual(["1.0.0"]);
  });

  it("runs the canary where it is chosen and the stable release where the canary is refused", async () => {
    const one = await machine.publish("1.0.0");
    const canary = { ...(await machine.publish("2.0.0")), instances: ["one", "three"] };
    await machine.point(one, { canary });
    expect(await machine.boot()).toMatchObject({ code: 0 });
    expect(await machine.running()).toEqual(["2.0.0"]);
    await machine.point(one, { canary: { ...canary, instances: ["two"] } });
    expect(await machine.boot()).toMatchObject({ code: 0 });
    expect(await machine.running()).toEqual(["1.0.0"]);
    const bad = { ...(await machine.publish("3.0.0", CRASHES_AT_START)), instances: ["one"] };
    await machine.point(one, { canary: bad });
    await keepsOne(/^release-refused 3\.0\.0/);
  });

  it("forgives a refused release when told", async () => {
    await runsOne();
    const flag = `${machine.home}/may-start`;
    await machine.point(await machine.publish("2.0.0", `[[ -e ${flag} ]] || exit 1\n${GOOD_AGENT}`));
    await keepsOne(/^release-refused/);
    await writeFile(flag, "");
    execFileSync("bash", [BOOT, "forget", "2.0.0"], {
      env: {
        ...process.env,
        DROVER_HOME: machine.home,
        DROVER_BUCKET: machine.objects.bucket,
        DROVER_RELEASE_KEYS: "x",
        DROVER_INSTANCE: "one",
        DROVER_SYSTEMD: "0",
      },
    });
    expect(await machine.boot()).toMatchObject({ code: 0 });
    expect(await machine.running()).toEqual(["2.0.0"]);
    await rm(flag);
  });
});
