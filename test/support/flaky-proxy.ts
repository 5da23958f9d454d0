import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/**
 * `up`: hands everything on. `down`: closes connections at once. `deaf`: takes them and never answers. `lossy`: hands
 * requests on, and closes the connection in place of their answers.
 */
export type Mode = "up" | "down" | "deaf" | "lossy";

export interface FlakyProxy {
  readonly origin: string;
  /** Takes effect on every connection, also on those that are open. */
  mode: Mode;
  /** Requests, or parts of them, that came in this mode. */
  readonly counts: Readonly<Record<Mode, number>>;
  connections(): number;
}

/** A way to a server on loopback that fails as networks do. */
export async function flakyProxy(target: string): Promise<FlakyProxy> {
  const { port } = new URL(target);
  const open = new Set<Socket>();
  const counts = { up: 0, down: 0, deaf: 0, lossy: 0 };
  const server = createServer((client) => {
    open.add(client);
    client.on("close", () => open.delete(client)).on("error", () => undefined);
    if (proxy.mode === "down") {
      counts.down++;
      client.destroy();
      return;
    }
    const upstream = connect(Number(port), "127.0.0.1").on("error", () => client.destroy());
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
    client.on("data", (bytes) => {
      counts[proxy.mode]++;
      if (proxy.mode === "down") client.destroy();
      if (proxy.mode === "up" || proxy.mode === "lossy") upstream.write(bytes);
    });
    upstream.on("data", (bytes) => {
      if (proxy.mode === "up") client.write(bytes);
      else client.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const client of open) client.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const proxy: FlakyProxy = { origin, mode: "up", counts, connections: () => open.size };
  return proxy;
}
