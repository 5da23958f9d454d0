import { createReadStream } from "node:fs";

/** One regular file of an archive. */
export interface ArchiveFile {
  /** Relative, with `/`, no `.` or `..` in it. */
  path: string;
  /** 0o644 or 0o755: nothing else is needed, so nothing else is accepted when it is unpacked. */
  mode: number;
  bytes: number;
  /** Where the content lies. */
  source: string;
}

const BLOCK = 512;
/** What the header's own fields hold; longer paths go into a pax record before it. */
const NAME_BYTES = 100;

/**
 * A tar archive (POSIX.1-2001, "pax interchange format") that says nothing about the machine it was made on: regular
 * files only, owner 0, time 0, in the order given. Folders are not entries: unpacking makes them.
 * Throws when a file changes its size while it is read.
 */
export async function* tar(files: Iterable<ArchiveFile>): AsyncGenerator<Uint8Array> {
  for (const file of files) {
    if (Buffer.byteLength(file.path) > NAME_BYTES) yield* paxPath(file.path);
    yield header(shortName(file.path), file.mode, file.bytes, "0");
    let read = 0;
    for await (const chunk of createReadStream(file.source) as AsyncIterable<Buffer>) {
      read += chunk.length;
      yield chunk;
    }
    if (read !== file.bytes)
      throw new Error(`${file.source} changed while it was packed. Build the release again.`);
    yield padding(read);
  }
  yield Buffer.alloc(2 * BLOCK);
}

function* paxPath(path: string): Generator<Buffer> {
  const record = paxRecord("path", path);
  yield header("PaxHeader", 0o644, record.length, "x");
  yield record;
  yield padding(record.length);
}

/** `LENGTH key=value\n`, where LENGTH counts itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest) + 1;
  while (Buffer.byteLength(`${length}${rest}`) !== length) length++;
  return Buffer.from(`${length}${rest}`);
}

/** What an unpacker that knows no pax records would use; ours do. */
function shortName(path: string): string {
  return Buffer.from(path).subarray(0, NAME_BYTES).toString();
}

function header(name: string, mode: number, bytes: number, type: "0" | "x"): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, NAME_BYTES);
  octal(block, mode, 100, 8);
  octal(block, 0, 108, 8);
  octal(block, 0, 116, 8);
  octal(block, bytes, 124, 12);
  octal(block, 0, 136, 12);
  block.write(type, 156);
  block.write("ustar\u000000", 257);
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, it) => total + it, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

function octal(block: Buffer, value: number, at: number, width: number): void {
  block.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at);
}

function padding(bytes: number): Buffer {
  return Buffer.alloc((BLOCK - (bytes % BLOCK)) % BLOCK);
}
