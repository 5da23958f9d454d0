import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** What the proxy may do to a call that passes: nothing, most of the time. */
export type Mischief = "kill-before" | "kill-after" | "drop-before" | "drop-after" | undefined;

export interface KillingProxy {
  readonly origin: string;
  close(): void;
}

export interface ProxyHooks {
  choose: () => Mischief;
  kill: () => void;
  /** A call that goes on to the cloud: `PUT /drover/jobs/…`. */
  onCall: (call: string) => void;
  /** The cloud refused a call, or ended the connection in place of an answer. */
  onRefusal: () => void;
}

const CALL = /^[A-Z]+ \S+/;
/** The services' words for "not now", whatever the status. */
const REFUSAL = /^HTTP\/1\.1 (5|429|4[^]*Throttl)/;

/**
 * The way from one agent to the cloud. Each call of the agent passes here, so that it can be killed before the call has
 * an effect, or after it had one and before the agent knows: at every effect there is.
 */
export async function startKillingProxy(target: string, hooks: ProxyHooks): Promise<KillingProxy> {
  const { port } = new URL(target);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client);
    client.on("close", () => open.delete(client));
    join(client, connect(Number(port), "127.0.0.1"), hooks);
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

function join(client: Socket, upstream: Socket, { choose, kill, onCall, onRefusal }: ProxyHooks): void {
  let pending: Mischief;
  let isAwaited = false;
  const onLoss = () => {
    if (isAwaited && !client.destroyed) onRefusal();
    client.destroy();
  };
  upstream.on("error", onLoss).on("close", onLoss);
  client.on("error", () => undefined).on("close", () => upstream.destroy());
  client.on("data", (bytes) => {
    pending = choose();
    if (pending === "kill-before") kill();
    if (pending === "kill-before" || pending === "drop-before") {
      client.destroy();
      return;
    }
    const call = CALL.exec(bytes.toString("latin1", 0, 400))?.[0];
    if (call !== undefined) onCall(call);
    isAwaited = true;
    upstream.write(bytes);
  });
  upstream.on("data", (bytes) => {
    if (isAwaited && REFUSAL.test(bytes.toString("latin1", 0, 1_000))) onRefusal();
    isAwaited = false;
    if (pending === "kill-after") kill();
    if (pending === "kill-after" || pending === "drop-after") client.destroy();
    else client.write(bytes);
  });
}
