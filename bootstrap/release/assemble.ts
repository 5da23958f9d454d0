import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { DroverError, reasonOf } from "../../base/errors.ts";
import { type BuiltArchive, fileEntries, packagesArchive, runtimeArchive } from "./artifact.ts";
import { type Manifest, manifestText, parseManifest } from "./manifest.ts";
import { fileAt, filesBelow, pack } from "./pack.ts";
import { commitOf, serviceFiles } from "./sources.ts";
import type { ArchiveFile } from "./tar.ts";

export interface BuildOptions {
  /** The checkout. */
  root: string;
  /** The folder of services that go along. */
  servicesDir: string;
  /** Whose installed packages are packed, too. */
  packages: readonly string[];
  /** Where releases are kept; archives that several share lie below it once. */
  out: string;
}

/** A release in a folder: `manifest.json`, `release.tar.gz`, and beside it the archives it shares. */
export interface BuiltRelease {
  manifest: Manifest;
  manifestText: string;
  archives: readonly BuiltArchive[];
}

const ARCHITECTURES = ["x64", "arm64"] as const;
/** The bundler says everything twice. */
const ERROR_SHOWN = 600;
const run = promisify(execFile);

/**
 * Builds a release from a checkout. The same content gives the same bytes and the same version, on every machine
 * with the same Node. Throws `release-build`, `release-file`.
 */
export async function buildRelease(options: BuildOptions): Promise<BuiltRelease> {
  const { root, out } = options;
  await mkdir(out, { recursive: true });
  // Inside the checkout, since source paths in the bundle are relative to its place.
  const work = await mkdtemp(join(out, ".building-"));
  try {
    await bundle(root, join(work, "dist"));
    const files = [
      ...(await filesBelow(join(work, "dist"), "dist/")).filter((it) => !it.path.endsWith(".map")),
      ...(await serviceFiles(options.servicesDir)),
      ...(await bootFiles(root)),
      await fileAt(join(root, "LICENSE"), "LICENSE"),
    ].toSorted((a, b) => (a.path < b.path ? -1 : 1));
    return await finishRelease(options, files, await commitOf(root), work);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function finishRelease(
  options: BuildOptions,
  files: ArchiveFile[],
  commit: string,
  work: string,
): Promise<BuiltRelease> {
  const { root, out } = options;
  const shared = [...(await runtimes(root, out)), ...(await packages(options))];
  const entries = await fileEntries(files);
  const version = await versionOf(root, commit, [entries, shared.map((it) => it.entry)]);
  const packed = await pack(files, join(work, "release.tar.gz"));
  const own = { name: "release", arch: "any", from: ".", into: "." } as const;
  const key = `releases/${version}/release.tar.gz`;
  const archives = [
    { entry: { ...own, key, ...packed }, file: join(out, version, "release.tar.gz") },
    ...shared,
  ];
  const manifest = {
    version,
    commit,
    daemons: ["agent", "autoscaler"],
    archives: archives.map((it) => it.entry),
    files: entries,
  };
  const text = manifestText(manifest);
  const target = join(out, version);
  await mkdir(target, { recursive: true });
  await rename(join(work, "release.tar.gz"), join(target, "release.tar.gz"));
  await writeFile(join(target, "manifest.json"), text);
  return { manifest, manifestText: text, archives };
}

/** Reads a release that was built before. Throws `release-missing`, `release-corrupt`. */
export async function readRelease(out: string, version: string): Promise<BuiltRelease> {
  let text: string;
  try {
    text = await readFile(join(out, version, "manifest.json"), "utf8");
  } catch (cause) {
    const message = `There is no release ${version} in ${out}. Build one with: drover release build`;
    throw new DroverError("release-missing", message, { cause });
  }
  const manifest = parseManifest(text);
  const archives = manifest.archives.map((entry) => ({
    entry,
    file:
      entry.name === "release"
        ? join(out, version, "release.tar.gz")
        : join(out, "artifacts", `${entry.sha256}.tar.gz`),
  }));
  return { manifest, manifestText: text, archives };
}

/** A process of its own: the bundler keeps a pool of threads, and the bundle must not depend on our working folder. */
async function bundle(root: string, dist: string): Promise<void> {
  try {
    const env = { ...process.env, NO_COLOR: "1" };
    await run(process.execPath, [join(root, "bootstrap/build.ts"), dist], { cwd: root, env });
  } catch (error) {
    const what = reasonOf(error).slice(0, ERROR_SHOWN);
    const advice = "A release is built in a checkout of Drover, after npm ci; npm run build shows all of it.";
    throw new DroverError("release-build", `The code could not be bundled: ${what}… ${advice}`);
  }
}

async function bootFiles(root: string): Promise<ArchiveFile[]> {
  const own = join(root, "bootstrap");
  const folders = await Promise.all(
    ["systemd", "apparmor"].map((name) => filesBelow(join(own, name), `bootstrap/${name}/`)),
  );
  return [await fileAt(join(own, "boot.sh"), "bootstrap/boot.sh"), ...folders.flat()];
}

/** The runtimes that `npm ci` has brought: usually this machine's, both where the other was installed as well. */
async function runtimes(root: string, out: string): Promise<BuiltArchive[]> {
  const found: BuiltArchive[] = [];
  for (const arch of ARCHITECTURES) {
    const node = join(root, `node_modules/node-linux-${arch}/bin/node`);
    if ((await stat(node).catch(() => undefined)) === undefined) continue;
    found.push(await runtimeArchive(node, arch, join(out, "artifacts")));
  }
  if (found.length === 0) {
    throw new DroverError("release-build", "The Node runtime of the release is not there. Run: npm ci");
  }
  return found;
}

async function packages({ packages: names, servicesDir, out }: BuildOptions): Promise<BuiltArchive[]> {
  const found: BuiltArchive[] = [];
  for (const name of names) {
    const folder = join(servicesDir, name);
    const installed = await readdir(join(folder, "node_modules")).catch(() => []);
    if (installed.length === 0) {
      const message = `The packages of ${name} are not installed in ${folder}. Run: drover services --install ${name}`;
      throw new DroverError("release-build", message);
    }
    const arch = process.arch === "arm64" ? "arm64" : "x64"; // packages may hold native code of this machine
    found.push(await packagesArchive(folder, name, arch, join(out, "artifacts")));
  }
  return found;
}

/** `0.1.0-<commit>-<content>`: says where it comes from, and is another one as soon as anything differs. */
async function versionOf(root: string, commit: string, content: unknown): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  const hash = createHash("sha256")
    .update(JSON.stringify([commit, content]))
    .digest("hex");
  return `${version}-${commit.slice(0, 8)}-${hash.slice(0, 8)}`;
}
