import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltRelease, buildRelease, readRelease } from "../../../bootstrap/release/assemble.ts";

const checkout = resolve(import.meta.dirname, "../../..");
const MOST_BYTES = 5_000_000;

describe("a release of this checkout", () => {
  let root: string;
  let out: string;
  let built: BuiltRelease;
  const build = (packages: string[] = []) =>
    buildRelease({ root, servicesDir: join(out, "services"), packages, out });

  beforeAll(async () => {
    // A copy, since somebody may be at work on the checkout itself.
    root = await mkdtemp(join(tmpdir(), "drover-release-"));
    const copy =
      'git ls-files -z --cached | xargs -0 cp --parents --target-directory "$1" 2>/dev/null || true';
    execFileSync("bash", ["-c", copy, "copy", root], { cwd: checkout });
    await symlink(join(checkout, "node_modules"), join(root, "node_modules"));
    out = join(root, ".drover/releases");
    await mkdir(join(out, "services/one"), { recursive: true });
    await writeFile(join(out, "services/one/service.yaml"), "name: one\n");
    // Packing the runtime takes seconds, and every build gives the same archive.
    const kept = join(checkout, ".drover/releases/artifacts");
    if (existsSync(kept)) await cp(kept, join(out, "artifacts"), { recursive: true });
    built = await build();
  }, 60_000);
  afterAll(() => rm(root, { recursive: true, force: true }));

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
