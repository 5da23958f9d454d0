import { failed } from "./failure.ts";
import type { Picture } from "./picture.ts";

/** "P6", width, height, 255: ffmpeg's header is never longer. */
const maxHeaderBytes = 64;

/**
 * Cuts a stream of binary PPM pictures (https://netpbm.sourceforge.net/doc/ppm.html) into pictures. Each names its
 * own size, so nothing has to be known beforehand. A picture cut off by the end of the stream is dropped.
 * @throws AnalyzeError `decoder-failed` when the stream is no PPM.
 */
export async function* readPictures(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Picture> {
  let header = Buffer.alloc(0);
  let picture: Picture | undefined;
  let filled = 0;
  for await (const chunk of stream) {
    let rest = chunk;
    while (rest.length > 0) {
      if (picture === undefined) {
        const joined = Buffer.concat([header, rest]);
        const start = readHeader(joined);
        if (start === undefined) {
          header = joined;
          break;
        }
        header = Buffer.alloc(0);
        picture = { ...start.size, pixels: new Uint8Array(start.size.width * start.size.height * 3) };
        filled = 0;
        rest = joined.subarray(start.length);
      }
      const part = rest.subarray(0, picture.pixels.length - filled);
      picture.pixels.set(part, filled);
      filled += part.length;
      rest = rest.subarray(part.length);
      if (filled === picture.pixels.length) {
        yield picture;
        picture = undefined;
      }
    }
  }
}

interface Header {
  /** Bytes of the header itself. */
  length: number;
  size: { width: number; height: number };
}

/** Undefined while bytes are missing. */
function readHeader(bytes: Buffer): Header | undefined {
  const text = bytes.subarray(0, maxHeaderBytes).toString("latin1");
  const match = /^P6\n(\d{1,5}) (\d{1,5})\n255\n/.exec(text);
  if (match === null) {
    if (bytes.length < maxHeaderBytes && "P6\n".startsWith(text.slice(0, 3))) return undefined;
    throw failed("decoder-failed", "ffmpeg wrote something else than pictures.");
  }
  return { length: match[0].length, size: { width: Number(match[1]), height: Number(match[2]) } };
}
