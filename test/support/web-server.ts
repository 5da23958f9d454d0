import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { onTestFinished } from "vitest";

export interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

export interface WebServer {
  readonly origin: string;
  /** Requests that arrived whole, in order. */
  readonly seen: readonly Seen[];
  /** Connections that are open now. */
  connections(): Promise<number>;
}

/** A real server on loopback for one test. */
export async function webServer(
  answer: (request: Seen, response: ServerResponse) => void | Promise<void>,
  host = "127.0.0.1",
): Promise<WebServer> {
  const seen: Seen[] = [];
  const listener: RequestListener = (request, response) => {
    void buffer(request).then((body) => {
      const { method = "", url = "", headers } = request;
      const it = { method, url, headers, body };
      seen.push(it);
      return answer(it, response);
    });
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://${host}:${port}`,
    seen,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
  };
}

/** A port of loopback where nothing listens. */
export async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
