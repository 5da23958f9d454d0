import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, symlink, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CHANNEL_KEY } from "../../bootstrap/release/channel.ts";
import { type Installation, makeInstallation } from "../support/installation.ts";

let machine: Installation;
beforeEach(async () => {
  machine = await makeInstallation();
  await machine.point(await machine.publish("1.0.0"));
  expect(await machine.boot()).toMatchObject({ code: 0 });
});
afterEach(() => machine.close());

async function keepsOne(problem: RegExp): Promise<void> {
  expect(await machine.boot()).toMatchObject({ code: 3 });
  expect(await machine.problem()).toMatch(problem);
  expect(await machine.current()).toBe("1.0.0");
  expect(await machine.running()).toEqual(["1.0.0"]);
  expect(await machine.objects.list("boot/one/")).not.toHaveLength(0);
}

/** Replaces an archive by what GNU tar makes of a folder, as somebody with the signing key could. */
function tarOf(folder: string, archive: string, ...options: string[]): void {
  execFileSync("tar", ["-C", folder, "-czf", archive, "--owner=0", "--group=0", ...options]);
}

describe("boot.sh keeps what runs", () => {
  it("when the archive is not what the manifest says", async () => {
    const two = await machine.publish("2.0.0");
    await machine.objects.put("releases/2.0.0/release.tar.gz", Buffer.alloc(900, 7));
    await machine.point(two);
    await keepsOne(/^(archive-corrupt|release-unreachable) .*2\.0\.0/);
  });

  it("when the archive's bytes were changed", async () => {
    const two = await machine.publish("2.0.0");
    const found = await machine.objects.get("releases/2.0.0/release.tar.gz");
    const body = Buffer.from(found?.body ?? []);
    body[body.length - 20] = (body[body.length - 20] ?? 0) ^ 1;
    await machine.objects.put("releases/2.0.0/release.tar.gz", body);
    await machine.point(two);
    await keepsOne(/^archive-corrupt .*2\.0\.0/);
  });

  it("when an upload is missing", async () => {
    const two = await machine.publish("2.0.0");
    await machine.objects.delete("releases/2.0.0/release.tar.gz");
    await machine.point(two);
    await keepsOne(/^release-unreachable .*2\.0\.0/);
  });

  it("when the manifest is another one than was signed", async () => {
    const two = await machine.publish("2.0.0");
    const text = new TextDecoder().decode((await machine.objects.get("releases/2.0.0/manifest.json"))?.body);
    await machine.objects.put("releases/2.0.0/manifest.json", text.replace("test", "evil"));
    await machine.point(two);
    await keepsOne(/^manifest-corrupt .*2\.0\.0/);
  });

  it("when somebody else has signed the channel", async () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    await machine.point(await machine.publish("2.0.0"), {}, privateKey);
    await keepsOne(/^channel-signature/);
  });

  it("when the channel's text was changed after it was signed", async () => {
    await machine.point(await machine.publish("2.0.0"));
    const text = new TextDecoder().decode((await machine.objects.get(CHANNEL_KEY))?.body);
    await machine.objects.put(CHANNEL_KEY, text.replace('"serial": 2', '"serial": 9'));
    await keepsOne(/^channel-signature/);
  });

  it("when an older channel is played again, however new its text", async () => {
    const two = await machine.publish("2.0.0");
    await machine.point(await machine.publish("1.0.0"), { serial: 5 });
    await machine.boot();
    await machine.point(two, { serial: 4 });
    await keepsOne(/^channel-replayed .*serial 4, serial 5/);
    await machine.point(two, { serial: 5 });
    await keepsOne(/^channel-replayed/);
  });

  it("when the channel has expired", async () => {
    await machine.point(await machine.publish("2.0.0"), { expiresAtS: 1_000_000_000 });
    await keepsOne(/^channel-expired/);
  });

  it("when the channel is another fleet's", async () => {
    await machine.point(await machine.publish("2.0.0"), { fleet: "elsewhere" });
    await keepsOne(/^channel-foreign/);
  });

  it("when the channel is cut off, empty or endless", async () => {
    for (const text of ["", "drover-channel 1 abc", "x".repeat(100_000)]) {
      await machine.objects.put(CHANNEL_KEY, text);
      expect(await machine.boot()).toMatchObject({ code: 3 });
      expect(await machine.problem()).toMatch(/^channel-(malformed|unreachable)/);
    }
  });

  it.each([
    ["a path that leaves its folder", ["--transform=s,^dist/,../../,", "-P", "dist", "LICENSE", "bootstrap"]],
    [
      "an absolute path",
      ["--transform=s,^LICENSE,/tmp/drover-evil-license,", "-P", "dist", "LICENSE", "bootstrap"],
    ],
    [
      "a file that the manifest does not name",
      ["--transform=s,^LICENSE,NOTICE,", "dist", "LICENSE", "bootstrap"],
    ],
    ["another owner", ["--owner=1000", "dist/drover.mjs", "LICENSE", "bootstrap/boot.sh"]],
  ])("when a signed archive holds %s", async (_what, options) => {
    const two = await machine.publish("2.0.0", undefined, async (archive, folder) =>
      tarOf(folder, archive, "--no-recursion", ...options),
    );
    await machine.point(two);
    await keepsOne(/^archive-unsafe .*2\.0\.0/);
    expect(existsSync("/tmp/drover-evil-license")).toBe(false);
  });

  it("when a signed archive holds a program with setuid", async () => {
    const two = await machine.publish("2.0.0", undefined, async (archive, folder) => {
      await chmod(`${folder}/bootstrap/boot.sh`, 0o4755);
      tarOf(folder, archive, "dist/drover.mjs", "LICENSE", "bootstrap/boot.sh");
    });
    await machine.point(two);
    await keepsOne(/^archive-unsafe/);
  });

  it("when a signed archive holds a link, a device or a pipe", async () => {
    const makers: Record<string, (folder: string) => Promise<void>> = {
      link: (folder) => symlink("/etc/passwd", `${folder}/evil`),
      hardlink: async (folder) => {
        await writeFile(`${folder}/first`, "x");
        execFileSync("ln", [`${folder}/first`, `${folder}/evil`]);
      },
      pipe: async (folder) => void execFileSync("mkfifo", [`${folder}/evil`]),
    };
    for (const [name, make] of Object.entries(makers)) {
      const version = `2.0.0-${name}`;
      const two = await machine.publish(version, undefined, async (archive, folder) => {
        await make(folder);
        const first = name === "hardlink" ? ["first"] : [];
        tarOf(folder, archive, "dist/drover.mjs", "LICENSE", "bootstrap/boot.sh", ...first, "evil");
      });
      await machine.point(two);
      await keepsOne(new RegExp(`^archive-unsafe .*${version}`));
    }
  });
});
