import type { Readable } from "node:stream";

/** The first bytes of a stream; the rest is read and dropped. */
export function keepHead(stream: Readable | null, max: number) {
  const chunks: Buffer[] = [];
  let kept = 0;
  let seen = 0;
  stream?.on("data", (chunk: Buffer) => {
    seen += chunk.length;
    if (kept === max) return;
    const part = chunk.subarray(0, max - kept);
    chunks.push(part);
    kept += part.length;
  });
  return {
    seen: () => seen,
    kept: () => ({ stdout: Buffer.concat(chunks), stdoutTruncated: seen > kept }),
  };
}

/** The last bytes of a stream. */
export function keepTail(stream: Readable | null, max: number) {
  let tail: Buffer = Buffer.alloc(0);
  let seen = 0;
  stream?.on("data", (chunk: Buffer) => {
    seen += chunk.length;
    const both = tail.length === 0 ? chunk : Buffer.concat([tail, chunk]);
    tail = both.length > max ? Buffer.from(both.subarray(both.length - max)) : both;
  });
  return { seen: () => seen, kept: () => tail };
}
