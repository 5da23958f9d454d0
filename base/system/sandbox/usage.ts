import type { Dirent } from "node:fs";
import { chmod, lstat, opendir } from "node:fs/promises";
import { Readable } from "node:stream";
import { codeOf } from "../../errors.ts";
import { descendantsOf, namelessFilesOf, ownMemoryOf } from "./proc.ts";

/** More files than this are an attack on the file system's own bookkeeping, whatever their size. */
const MOST_FILES = 100_000;

export interface FolderUse {
  bytes: number;
  /** Too many files to go on counting, or nested deeper than a path can say. */
  endless: boolean;
}

/**
 * What the folders take on the disk. Folders that their owner cannot enter are opened again, or nobody but root could
 * remove them later.
 */
export async function folderUse(folders: readonly string[]): Promise<FolderUse> {
  const open = [...folders];
  let bytes = 0;
  let files = 0;
  try {
    for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
      for await (const entry of await entriesOf(folder)) {
        if (++files > MOST_FILES) return { bytes, endless: true };
        const path = `${folder}/${entry.name}`;
        if (entry.isDirectory()) open.push(path);
        bytes += await unlessGone(
          lstat(path).then((it) => it.blocks * 512),
          0,
        );
      }
    }
  } catch (error) {
    if (codeOf(error) === "ENAMETOOLONG") return { bytes, endless: true };
    throw error;
  }
  return { bytes, endless: false };
}

async function entriesOf(path: string): Promise<AsyncIterable<Dirent>> {
  const entered = opendir(path).catch(async (error: unknown) => {
    if (codeOf(error) !== "EACCES") throw error;
    await chmod(path, 0o700);
    return await opendir(path);
  });
  return await unlessGone<AsyncIterable<Dirent>>(entered, Readable.from([]));
}

async function unlessGone<T>(work: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return otherwise;
    throw error;
  }
}

/** Memory of a process and all below it, bytes. */
export function memoryUse(pid: number): number {
  return [pid, ...descendantsOf(pid)].reduce((sum, it) => sum + ownMemoryOf(it), 0);
}

/** Disk that a process and all below it hold without a name, bytes: files that were deleted while open. */
export function namelessUse(pid: number, device: number): number {
  const files = new Map<number, number>();
  for (const it of descendantsOf(pid)) {
    for (const [inode, bytes] of namelessFilesOf(it, device)) files.set(inode, bytes);
  }
  return [...files.values()].reduce((sum, bytes) => sum + bytes, 0);
}
