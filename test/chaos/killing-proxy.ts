import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** What the proxy may do to a call that passes: nothing, most of the time. */
export type Mischief = "kill-before" | "kill-after" | "drop-before" | "drop-after" | undefined;

export interface KillingProxy {
  readonly origin: string;
  close(): void;
}

/**
 * The way from one agent to the cloud. Each call of the agent passes here, so that it can be killed before the call has
 * an effect, or after it had one and before the agent knows: at every effect there is.
 */
export async function startKillingProxy(
  target: string,
  choose: () => Mischief,
  kill: (when: string) => void,
): Promise<KillingProxy> {
  const { port } = new URL(target);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client);
    let pending: Mischief;
    const upstream = connect(Number(port), "127.0.0.1").on("error", () => client.destroy());
    client
      .on("error", () => undefined)
      .on("close", () => {
        open.delete(client);
        upstream.destroy();
      });
    upstream.on("close", () => client.destroy());
    client.on("data", (bytes) => {
      pending = choose();
      const call = /^[A-Z]+ \S+|X-Amz-Target: \S+/i.exec(bytes.toString("latin1", 0, 400))?.[0] ?? "a body";
      if (pending === "kill-before") kill(`before ${call}`);
      if (pending === "kill-before" || pending === "drop-before") client.destroy();
      else upstream.write(bytes);
    });
    upstream.on("data", (bytes) => {
      if (pending === "kill-after") kill("after an effect");
      if (pending === "kill-after" || pending === "drop-after") client.destroy();
      else client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      for (const client of open) client.destroy();
    },
  };
}
