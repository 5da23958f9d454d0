import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Serves files of one size, never faster than a fixed rate over all connections together. */
export interface LimitedServer {
  readonly url: string;
  close(): Promise<void>;
}

const CHUNK = Buffer.alloc(64 * 1024, "drover ");
const TICK_MS = 4;
/** A connection with this much unsent has a reader that is slower than its share. */
const MOST_UNSENT = 1024 * 1024;
/** A pause of the server's own process is not made up for by a burst longer than this. */
const MOST_SAVED_MS = 20;

/** A token bucket: `bytesPerS` are handed out chunk by chunk, in turn, to whoever still waits for bytes. */
export async function startLimitedServer(fileBytes: number, bytesPerS: number): Promise<LimitedServer> {
  const open: { response: ServerResponse; left: number }[] = [];
  let saved = 0;
  let filledAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    saved = Math.min(saved + ((now - filledAt) / 1000) * bytesPerS, (MOST_SAVED_MS / 1000) * bytesPerS);
    filledAt = now;
    for (let skipped = 0; saved >= CHUNK.length && skipped < open.length;) {
      const next = open.shift();
      if (next === undefined) break;
      if (next.response.destroyed) continue;
      if (next.response.writableLength > MOST_UNSENT) skipped++;
      else {
        const part = CHUNK.subarray(0, next.left);
        next.left -= part.length;
        saved -= part.length;
        next.response.write(part);
        skipped = 0;
      }
      if (next.left === 0) next.response.end();
      else open.push(next);
    }
  }, TICK_MS);
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-length": fileBytes, "content-type": "application/octet-stream" });
    open.push({ response, left: fileBytes });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/input.bin`,
    close: async () => {
      clearInterval(timer);
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
