import { createHash } from "node:crypto";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../../base/errors.ts";
import { filesBelow, fileAt, pack, sha256Of } from "./pack.ts";
import type { ArchiveEntry, FileEntry } from "./manifest.ts";
import type { ArchiveFile } from "./tar.ts";

/** An archive that was built, and where it goes. */
export interface BuiltArchive {
  entry: ArchiveEntry;
  file: string;
}

/** What the packages of a service hold for people and not for programs. */
const FOR_PEOPLE = /\.(?:map|d\.[cm]?ts)$|\/(?:README|CHANGELOG|HISTORY)\.(?:md|markdown)$/i;

/** The Node runtime: the same for many releases, so an instance fetches it once. */
export async function runtimeArchive(
  node: string,
  arch: "x64" | "arm64",
  store: string,
): Promise<BuiltArchive> {
  const files = [await fileAt(node, "runtime/node")];
  return await artifact(files, { name: "node", arch, from: "runtime", into: "runtime" }, store);
}

/**
 * The installed packages of a service. As an artifact, not as an install step: an instance then needs no npm and no
 * registry, starts from S3 alone, and gets exactly the bytes that were tested.
 */
export async function packagesArchive(
  folder: string,
  service: string,
  arch: "x64" | "arm64",
  store: string,
): Promise<BuiltArchive> {
  const all = await filesBelow(join(folder, "node_modules"), "node_modules/");
  const files = all.filter((it) => !FOR_PEOPLE.test(it.path));
  const into = `services/${service}/node_modules`;
  return await artifact(files, { name: `packages-${service}`, arch, from: "node_modules", into }, store);
}

/** Packs once what has the same content; the archive lies under its hash, in the bucket as well as here. */
async function artifact(
  files: readonly ArchiveFile[],
  entry: Pick<ArchiveEntry, "name" | "arch" | "from" | "into">,
  store: string,
): Promise<BuiltArchive> {
  await mkdir(store, { recursive: true });
  const content = createHash("sha256")
    .update(JSON.stringify(await fileEntries(files)))
    .digest("hex");
  const record = join(store, `${content}.json`);
  let packed = await recorded(record, store);
  if (packed === undefined) {
    const partial = join(store, `${content}.packing-${process.pid}`);
    packed = await pack(files, partial);
    await rename(partial, join(store, `${packed.sha256}.tar.gz`));
    await writeFile(record, JSON.stringify(packed));
  }
  const { sha256, bytes } = packed;
  return {
    entry: { ...entry, key: `releases/artifacts/${sha256}.tar.gz`, sha256, bytes },
    file: join(store, `${sha256}.tar.gz`),
  };
}

async function recorded(
  record: string,
  store: string,
): Promise<{ sha256: string; bytes: number } | undefined> {
  try {
    const found = JSON.parse(await readFile(record, "utf8")) as { sha256: string; bytes: number };
    const { size } = await stat(join(store, `${found.sha256}.tar.gz`));
    return size === found.bytes ? found : undefined;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export async function fileEntries(files: readonly ArchiveFile[]): Promise<FileEntry[]> {
  const entries: FileEntry[] = [];
  for (const { path, mode, bytes, source } of files) {
    entries.push({ path, mode: mode === 0o755 ? "755" : "644", bytes, sha256: await sha256Of(source) });
  }
  return entries;
}
