import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Takes callbacks and answers 204, at most once counted for each job. */
export interface Receiver {
  readonly url: string;
  /** The bodies since the last reset, in the order they came. */
  readonly bodies: readonly string[];
  /** Forgets what came so far. */
  reset(): void;
  /** Resolves to the body of the callback that is the `count`th since the last reset. */
  nth(count: number): Promise<string>;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const seen = new Set<string>();
  const bodies: string[] = [];
  let waiting: { count: number; resolve: (body: string) => void }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      response.writeHead(204).end();
      const id = String(request.headers["webhook-id"]);
      if (seen.has(id)) return;
      seen.add(id);
      const body = Buffer.concat(chunks).toString();
      bodies.push(body);
      const due = waiting.filter((it) => it.count === bodies.length);
      waiting = waiting.filter((it) => it.count > bodies.length);
      for (const { resolve } of due) resolve(body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    bodies,
    reset: () => {
      seen.clear();
      bodies.length = 0;
      waiting = [];
    },
    nth: (count) =>
      new Promise((resolve) => {
        const there = bodies[count - 1];
        if (there === undefined) waiting.push({ count, resolve });
        else resolve(there);
      }),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
