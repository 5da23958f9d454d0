import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { lstat, readdir, readFile, rename } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { DroverError } from "../../base/errors.ts";
import { type ArchiveFile, tar } from "./tar.ts";

/** What a path in a release may be made of: it becomes part of shell words, of S3 keys and of URLs. */
const PLAIN_SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9@_+.][A-Za-z0-9@_+.-]*$/;

/** Everything below a folder, in byte order. Throws `release-file` for what a release cannot hold. */
export async function filesBelow(folder: string, prefix = ""): Promise<ArchiveFile[]> {
  const files: ArchiveFile[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const source = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) continue;
    const path = prefix + relative(folder, source).split(sep).join("/");
    if (!entry.isFile()) {
      // npm's own links to commands; programs are started by their path here.
      if (entry.isSymbolicLink() && path.includes("/.bin/")) continue;
      throw unusable(source, "it is neither a regular file nor a folder");
    }
    files.push(await fileAt(source, path));
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** One file under a path of its own. The mode is 755 when its owner may execute it, else 644: no umask gets in. */
export async function fileAt(source: string, path: string): Promise<ArchiveFile> {
  if (path.length > 1_000 || !path.split("/").every((it) => PLAIN_SEGMENT.test(it)))
    throw unusable(source, `${path} is no plain relative path`);
  const { mode, size: bytes } = await lstat(source);
  return { path, mode: (mode & 0o100) === 0 ? 0o644 : 0o755, bytes, source };
}

function unusable(source: string, why: string): DroverError {
  return new DroverError("release-file", `${source} cannot be part of a release: ${why}. Move it away.`);
}

/**
 * Writes a gzip of the tar of the files; the same files give the same bytes under the same Node.
 * The archive appears under its name when it is complete.
 */
export async function pack(
  files: readonly ArchiveFile[],
  target: string,
): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  const measured = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const partial = `${target}.partial`;
  // Node writes no time and no name into the gzip header.
  await pipeline(Readable.from(tar(files)), createGzip({ level: 6 }), measured, createWriteStream(partial));
  await rename(partial, target);
  return { sha256: hash.digest("hex"), bytes };
}

export async function sha256Of(file: string): Promise<string> {
  const { size } = await lstat(file);
  const hash = createHash("sha256");
  if (size < 1024 * 1024) return hash.update(await readFile(file)).digest("hex");
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest("hex");
}
