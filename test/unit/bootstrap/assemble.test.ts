import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltRelease, buildRelease, readRelease } from "../../../bootstrap/release/assemble.ts";

const root = resolve(import.meta.dirname, "../../..");
const MOST_BYTES = 5_000_000;

describe("a release of this checkout", () => {
  let out: string;
  let built: BuiltRelease;
  const build = (packages: string[] = []) =>
    buildRelease({ root, servicesDir: join(out, "services"), packages, out });

  beforeAll(async () => {
    await mkdir(join(root, ".drover"), { recursive: true });
    // Beside the releases that are kept, whose archive of the runtime is used again.
    out = await mkdtemp(join(root, ".drover/release-test-"));
    await mkdir(join(out, "services/one"), { recursive: true });
    await writeFile(join(out, "services/one/service.yaml"), "name: one\n");
    await mkdir(join(root, ".drover/releases/artifacts"), { recursive: true });
    execFileSync("cp", [
      "-a",
      "--reflink=auto",
      join(root, ".drover/releases/artifacts"),
      join(out, "artifacts"),
    ]);
    built = await build();
  }, 60_000);
  afterAll(() => rm(out, { recursive: true, force: true }));

  test("is small, and the same bytes when it is built again", async () => {
    const before = await readFile(join(out, built.manifest.version, "release.tar.gz"));
    expect(before.length).toBeLessThan(MOST_BYTES);
    const again = await build();
    expect(again.manifestText).toBe(built.manifestText);
    expect(await readFile(join(out, again.manifest.version, "release.tar.gz"))).toEqual(before);
    expect(await readRelease(out, built.manifest.version)).toEqual(built);
  }, 60_000);

  test("holds the bundle, services, schemas and boot files, and the runtime apart", () => {
    const paths = built.manifest.files.map((it) => it.path);
    for (const path of [
      "dist/drover.mjs",
      "dist/request.xsd",
      "services/one/service.yaml",
      "bootstrap/boot.sh",
      "bootstrap/systemd/drover-agent@.service",
      "bootstrap/apparmor/drover-bwrap",
    ])
      expect(paths).toContain(path);
    expect(paths.some((it) => it.includes("node_modules") || it.endsWith(".map"))).toBe(false);
    expect(built.archives.map((it) => it.entry.name)).toEqual(["release", "node"]);
  });

  test("is another version when a service changes, and takes packages as an archive of their own", async () => {
    await writeFile(join(out, "services/one/service.yaml"), "name: one\n# changed\n");
    await mkdir(join(out, "services/one/node_modules/p"), { recursive: true });
    await writeFile(join(out, "services/one/node_modules/p/index.js"), "");
    await writeFile(join(out, "services/one/node_modules/p/index.d.ts"), "");
    const changed = await build(["one"]);
    expect(changed.manifest.version).not.toBe(built.manifest.version);
    expect(changed.manifest.archives.at(-1)).toMatchObject({
      name: "packages-one",
      from: "node_modules",
      into: "services/one/node_modules",
    });
    await expect(build(["two"])).rejects.toMatchObject({ code: "release-build" });
  }, 60_000);
});
