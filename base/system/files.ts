import { createReadStream } from "node:fs";
import { access, appendFile, lstat, mkdir, open, readdir, rename } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { codeOf } from "../errors.ts";
import type { FileEntry, Files } from "../files.ts";
import { removeTree } from "./remove.ts";

const absent = (error: unknown) => codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR";

export const systemFiles: Files = {
  makeFolder: async (path, mode) => {
    await mkdir(path, { recursive: true, ...(mode === undefined ? {} : { mode }) });
  },
  remove: removeTree,
  rename,
  list,
  size: async (path) => {
    try {
      const info = await lstat(path);
      return info.isFile() ? info.size : undefined;
    } catch (error) {
      if (absent(error)) return undefined;
      throw error;
    }
  },
  exists: (path) =>
    access(path).then(
      () => true,
      () => false,
    ),
  read,
  readStream: (path) => createReadStream(path),
  write,
  append: (path, content) => appendFile(path, content),
};

async function list(path: string, options: { deep?: boolean } = {}): Promise<FileEntry[]> {
  try {
    const found = await readdir(path, { withFileTypes: true, recursive: options.deep ?? false });
    return await Promise.all(
      found.map(async (entry) => {
        const full = join(entry.parentPath, entry.name);
        const name = relative(path, full).split(sep).join("/");
        if (entry.isDirectory()) return { name, kind: "folder", bytes: 0 } as const;
        if (!entry.isFile()) return { name, kind: "other", bytes: 0 } as const;
        return { name, kind: "file", bytes: (await lstat(full)).size } as const;
      }),
    );
  } catch (error) {
    if (absent(error)) return [];
    throw error;
  }
}

async function read(path: string, options: { maxBytes?: number; from?: number } = {}): Promise<Uint8Array> {
  await using file = await open(path, "r");
  if (options.maxBytes === undefined && options.from === undefined) return await file.readFile();
  const from = options.from ?? 0;
  const size = Math.max(0, Math.min(options.maxBytes ?? Infinity, (await file.stat()).size - from));
  const buffer = Buffer.alloc(size);
  const { bytesRead } = await file.read(buffer, 0, size, from);
  return buffer.subarray(0, bytesRead);
}

async function write(
  path: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  options: { sync?: boolean; mode?: number } = {},
): Promise<number> {
  await using file = await open(path, "w", options.mode);
  let bytes = 0;
  if (content instanceof Uint8Array) {
    await file.writeFile(content);
    bytes = content.byteLength;
  } else {
    for await (const chunk of content) {
      await file.writeFile(chunk); // writes at the current position, all of the chunk
      bytes += chunk.byteLength;
    }
  }
  if (options.sync) await file.sync();
  return bytes;
}
