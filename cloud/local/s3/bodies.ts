import { randomUUID } from "node:crypto";
import { copyFile, link, open, opendir, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../../../base/errors.ts";

/** A piece of an object's body. */
export interface Segment {
  /** Opaque name; no bucket or key is part of it. */
  file: string;
  bytes: number;
}

/** Read at once: large enough that a gigabyte costs few turns of the event loop. */
const READ_BYTES = 256 * 1024;

/** Codes of file systems that have no hard links, or no more of them for this file. */
const noLinks = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "EMLINK"]);

/**
 * The folder of bodies that are too large for the database. A file never changes once a row names it. It is
 * removed when no row names it any more, and nobody reads it: who reads holds it.
 */
export class Bodies {
  readonly #dir: string;
  readonly #holders = new Map<string, number>();
  readonly #doomed = new Set<string>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** A new, empty file under its final name, which becomes a body when a row names it. */
  async create(): Promise<{ file: string; handle: FileHandle }> {
    const file = randomUUID();
    return { file, handle: await open(join(this.#dir, file), "wx", 0o600) };
  }

  /** The same bytes under another name, at no cost where the file system can. The caller holds `file`. */
  async duplicate(file: string): Promise<string> {
    const name = randomUUID();
    try {
      await link(join(this.#dir, file), join(this.#dir, name));
    } catch (error) {
      if (!noLinks.has(codeOf(error) ?? "")) throw error;
      await copyFile(join(this.#dir, file), join(this.#dir, name));
    }
    return name;
  }

  /** Keeps files from being removed until the returned function is called. In the transaction that found them. */
  hold(segments: readonly Segment[]): () => Promise<void> {
    for (const { file } of segments) this.#holders.set(file, (this.#holders.get(file) ?? 0) + 1);
    return async () => {
      for (const { file } of segments) {
        const left = (this.#holders.get(file) ?? 1) - 1;
        if (left > 0) this.#holders.set(file, left);
        else this.#holders.delete(file);
        if (left <= 0 && this.#doomed.delete(file)) await this.#remove(file);
      }
    };
  }

  /** Removes files that no row names, those that are being read when that is over. */
  async discard(files: readonly string[]): Promise<void> {
    for (const file of files) {
      if (this.#holders.has(file)) this.#doomed.add(file);
      else await this.#remove(file);
    }
  }

  /** The bytes from `first` to `last`, both included. */
  async *read(segments: readonly Segment[], first: number, last: number): AsyncGenerator<Buffer> {
    let before = 0;
    for (const { file, bytes } of segments) {
      const [from, to] = [Math.max(first - before, 0), Math.min(last - before + 1, bytes)];
      before += bytes;
      if (from < to) yield* this.#readFile(file, from, to);
    }
  }

  async *#readFile(file: string, from: number, to: number): AsyncGenerator<Buffer> {
    await using handle = await open(join(this.#dir, file));
    for (let at = from; at < to;) {
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, to - at));
      const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, at);
      if (bytesRead === 0) throw new Error(`the body ${file} is shorter than its row says`);
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  /** Removes what a crash left behind: files of uploads and deletes that it interrupted. Before any request. */
  async sweep(isUsed: (file: string) => boolean): Promise<void> {
    for await (const { name } of await opendir(this.#dir)) if (!isUsed(name)) await this.#remove(name);
  }

  #remove(file: string): Promise<void> {
    return rm(join(this.#dir, file), { force: true });
  }
}
