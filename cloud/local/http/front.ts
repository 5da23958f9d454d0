import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { codeOf, DroverError } from "../../../base/errors.ts";
import { systemClock } from "../../../base/system/clock.ts";
import { DirectConnection } from "./direct-connection.ts";
import { route, routeDirect, type Services } from "./route.ts";

/** Longer than any client keeps an idle connection, so that none is closed under a request. */
const KEEP_ALIVE_MS = 75_000;
/** An upload of the largest object on a slow disk; a client that stalls longer is dropped. */
const REQUEST_MS = 3_600_000;
const DRAIN_STEP_MS = 10;
const DRAIN_MS = 500; // a clean end takes less than a second, answers to long polls included

/** What listens for requests. */
export interface Front {
  port: number;
  /** Lets answers out, then cuts what is left. On the real clock, whoever owns the cloud's. */
  close(): Promise<void>;
}

/**
 * Listens on 127.0.0.1; port 0 is any free one. Calls to SQS are read straight from their sockets, everything else by
 * Node's HTTP server. Throws DroverError `cloud-port-in-use`.
 */
export async function openFront(services: Services, port: number): Promise<Front> {
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_MS },
    (request, response) => {
      route(services, request, response).catch((error: unknown) => {
        services.report(error);
        response.destroy();
      });
    },
  );
  const direct = serveDirect(server, services);
  await listen(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () => close(server, direct),
  };
}

/** Puts our own reader before the server's; the server goes on with what we do not read. */
function serveDirect(server: Server, services: Services): Map<Socket, DirectConnection> {
  const connections = new Map<Socket, DirectConnection>();
  const accept = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const connection = new DirectConnection(socket, {
      faults: services.faults,
      now: () => services.clock.now(),
      keepAliveMs: KEEP_ALIVE_MS,
      answer: (conversation) => {
        routeDirect(services, conversation).catch((error: unknown) => {
          services.report(error);
          socket.destroy();
        });
      },
      handOver: () => {
        connections.delete(socket);
        for (const listener of accept) Reflect.apply(listener, server, [socket]);
      },
    });
    connections.set(socket, connection);
    socket.once("close", () => connections.delete(socket));
  });
  return connections;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      reject(
        codeOf(error) === "EADDRINUSE"
          ? new DroverError(
              "cloud-port-in-use",
              `port ${port} is taken. Choose another, or none for any free one.`,
            )
          : error,
      );
    });
    server.listen(port, "127.0.0.1", resolve);
  });
}

async function close(server: Server, direct: ReadonlyMap<Socket, DirectConnection>): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  const ended = new AbortController();
  void closed.then(() => ended.abort());
  const deadline = systemClock.monotonic() + DRAIN_MS;
  while (!ended.signal.aborted && systemClock.monotonic() < deadline) {
    server.closeIdleConnections();
    for (const [socket, { busy }] of direct) if (!busy) socket.destroySoon();
    await systemClock.sleep(DRAIN_STEP_MS, ended.signal).catch(() => undefined);
  }
  server.closeAllConnections();
  for (const socket of direct.keys()) socket.destroy();
  await closed;
}
