import { type Dirent, lstatSync, opendirSync } from "node:fs";
import { chmod, lstat, opendir } from "node:fs/promises";
import { Readable } from "node:stream";
import { codeOf } from "../../errors.ts";
import { descendantsOf, memoryOf, type NamelessFile, namelessFilesOf } from "./proc.ts";

/** More files than this are an attack on the file system's own bookkeeping, whatever their size. */
const MOST_FILES = 100_000;

export interface FolderUse {
  bytes: number;
  /** Too many files to go on counting, or nested deeper than a path can say. */
  endless: boolean;
}

/** So few are looked at at once: a trip to another thread for each would cost ten times the look. */
const FEW_FILES = 64;

/**
 * What the folders take on the disk. Folders that their owner cannot enter are opened again, or nobody but root could
 * remove them later.
 */
export async function folderUse(folders: readonly string[]): Promise<FolderUse> {
  const few = useOfFew(folders);
  if (few !== undefined) return { bytes: few, endless: false };
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

/** Bytes; undefined when there is more to look at, or anything unusual. */
function useOfFew(folders: readonly string[]): number | undefined {
  const open = [...folders];
  let bytes = 0;
  let files = 0;
  try {
    for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
      using entries = opendirSync(folder);
      for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
        if (++files > FEW_FILES) return undefined;
        const path = `${folder}/${entry.name}`;
        if (entry.isDirectory()) open.push(path);
        bytes += lstatSync(path).blocks * 512;
      }
    }
    return bytes;
  } catch {
    return undefined;
  }
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

/** More descriptors than this are not looked at: looking must stay cheap. */
const MOST_DESCRIPTORS = 20_000;

export interface Holdings {
  /** Bytes. */
  memory: number;
  namelessDisk: number;
  processes: number;
}

/**
 * What a process and all below it hold, bytes: memory; and on the job's own device, files that were deleted while open,
 * which no listing shows. Such files anywhere else are memory (memfd_create(2), /dev/shm).
 */
export function holdings(pid: number, device: number): Holdings {
  const nameless = new Map<string, NamelessFile>();
  let own = 0;
  let shared = 0;
  let looked = 0;
  const all = [pid, ...descendantsOf(pid)];
  for (const it of all) {
    const memory = memoryOf(it);
    own += memory.own;
    shared = Math.max(shared, memory.shared); // a page that several share is one page
    if (looked > MOST_DESCRIPTORS) continue;
    const { files, descriptors } = namelessFilesOf(it);
    looked += descriptors;
    for (const file of files) nameless.set(file.id, file);
  }
  const bytes = (onDisk: boolean) =>
    [...nameless.values()]
      .filter((it) => (it.device === device) === onDisk)
      .reduce((sum, it) => sum + it.bytes, 0);
  const memory = own + Math.max(shared, bytes(false));
  return { memory, namelessDisk: bytes(true), processes: all.length };
}
