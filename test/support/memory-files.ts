import type { FileEntry, Files } from "../../base/files.ts";

/** A file system in memory: files and the folders that hold them. */
export interface MemoryFiles extends Files {
  readonly contents: Map<string, Uint8Array>;
  readonly folders: Set<string>;
  /** The machine loses power: of what was not flushed a part is gone. @param share of it that is left, 0 to 1 */
  loseUnflushed(share: number): void;
}

const missing = (path: string) =>
  Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: "ENOENT" });
const below = (path: string) => (it: string) => it === path || it.startsWith(`${path}/`);

export function createMemoryFiles(): MemoryFiles {
  const contents = new Map<string, Uint8Array>();
  const folders = new Set<string>();
  /** Bytes of each file that a power cut cannot take; absent: none. */
  const flushed = new Map<string, number>();
  const get = (path: string) => {
    const found = contents.get(path);
    if (found === undefined) throw missing(path);
    return found;
  };
  const list = async (path: string, { deep = false } = {}): Promise<FileEntry[]> => {
    await Promise.resolve();
    const name = (it: string) => it.slice(path.length + 1);
    const found: FileEntry[] = [
      ...[...folders].map((it) => ({ name: it, kind: "folder" as const, bytes: 0 })),
      ...[...contents].map(([it, { byteLength }]) => ({
        name: it,
        kind: "file" as const,
        bytes: byteLength,
      })),
    ];
    return found
      .filter((it) => it.name.startsWith(`${path}/`))
      .map((it) => ({ ...it, name: name(it.name) }))
      .filter((it) => deep || !it.name.includes("/"));
  };
  return {
    contents,
    folders,
    loseUnflushed: (share) => {
      for (const [path, content] of contents) {
        const sure = Math.min(flushed.get(path) ?? 0, content.byteLength);
        contents.set(path, content.subarray(0, sure + Math.floor((content.byteLength - sure) * share)));
      }
    },
    list,
    makeFolder: async (path) => {
      const parts = path.split("/");
      for (let n = 2; n <= parts.length; n++) folders.add(parts.slice(0, n).join("/"));
    },
    remove: async (path) => {
      await Promise.resolve();
      for (const it of [...contents.keys()].filter(below(path))) contents.delete(it);
      for (const it of [...folders].filter(below(path))) folders.delete(it);
    },
    rename: async (from, to) => {
      contents.set(to, get(from));
      flushed.set(to, flushed.get(from) ?? 0);
      contents.delete(from);
      flushed.delete(from);
    },
    size: async (path) => contents.get(path)?.byteLength,
    exists: async (path) => contents.has(path) || folders.has(path),
    read: async (path, { from = 0, maxBytes = Infinity } = {}) => get(path).slice(from, from + maxBytes),
    readStream: async function* chunks(path) {
      yield get(path);
    },
    write: async (path, content, { sync = false } = {}) => {
      const parts: Uint8Array[] = [];
      if (content instanceof Uint8Array) parts.push(content);
      else for await (const chunk of content) parts.push(chunk);
      const whole = Buffer.concat(parts);
      contents.set(path, whole);
      flushed.set(path, sync ? whole.byteLength : 0);
      return whole.byteLength;
    },
    append: async (path, content) => {
      await Promise.resolve();
      contents.set(path, Buffer.concat([contents.get(path) ?? Buffer.alloc(0), Buffer.from(content)]));
    },
  };
}
