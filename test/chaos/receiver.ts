import { createHash } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One callback as it arrived, and what it was told. */
export interface Arrival {
  /** From the webhook-id header. */
  id: string;
  sha256: string;
  /** The sender's own name for the job, from the document. */
  reference: string;
  /** Epoch milliseconds. */
  at: number;
  answer: "accepted" | "refused" | "cut";
}

export interface Receiver {
  readonly url: string;
  readonly arrivals: readonly Arrival[];
  /** From now on every call is accepted. */
  behave(): void;
  close(): void;
}

/** A client's web server in bad health: some calls are refused, some are cut off before or after it has read them. */
export async function startReceiver(chance: () => number): Promise<Receiver> {
  const arrivals: Arrival[] = [];
  let nasty = true;
  const server = createServer((request, response) => {
    const fate = nasty ? chance() : 1;
    if (fate < 0.03) {
      request.socket.destroy(); // nothing was read: nothing arrived
      return;
    }
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const answer = fate < 0.06 ? "cut" : fate < 0.12 ? "refused" : "accepted";
      const id = String(request.headers["webhook-id"]);
      const body = Buffer.concat(chunks);
      const sha256 = createHash("sha256").update(body).digest("hex");
      const reference = /reference="([^"]+)"/.exec(body.toString())?.[1] ?? "?";
      arrivals.push({ id, sha256, reference, at: Date.now(), answer });
      reply(response, answer);
    });
    request.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`,
    arrivals,
    behave: () => {
      nasty = false;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function reply(response: ServerResponse, answer: Arrival["answer"]): void {
  if (answer === "cut") response.destroy();
  else response.writeHead(answer === "refused" ? 503 : 204).end();
}
