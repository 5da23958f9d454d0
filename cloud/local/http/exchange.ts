import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { AwsError } from "../aws-error.ts";
import { noFaults, type Faults } from "../nasty/faults.ts";
import type { Conversation } from "./conversation.ts";
import { watchDelivery } from "./delivery.ts";
import type { RequestHead } from "./head.ts";

/** A request that came through Node's HTTP server, whose body and answer may be streams. */
export class Exchange implements Conversation {
  readonly requestId = randomUUID();
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly head: RequestHead;
  readonly faults: Faults;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    head: RequestHead,
    faults: Faults = noFaults,
  ) {
    this.request = request;
    this.response = response;
    this.head = head;
    this.faults = faults;
  }

  body(maxBytes: number): Promise<Buffer> {
    return readBody(this.request, maxBytes);
  }

  alive(): boolean {
    const { socket } = this.request; // a pipelined response has none before its turn
    return !socket.destroyed && socket.writable;
  }

  onGone(fn: () => void): () => void {
    this.response.once("close", fn);
    return () => this.response.off("close", fn);
  }

  respond(
    status: number,
    headers: Record<string, string>,
    body: string | Uint8Array,
    undelivered?: () => void,
  ): void {
    this.request.resume(); // a body that nobody reads to its end must not block the connection
    const response = this.response;
    const { socket } = this.request;
    if (this.faults.strikes("lost-response")) {
      socket.resetAndDestroy(); // lost on the network: the service believes that it has answered
      return;
    }
    if (undelivered !== undefined) {
      if (!this.alive()) {
        response.destroy();
        undelivered();
        return;
      }
      const ended = watchDelivery(socket, undelivered);
      response.once("close", () => ended(response.writableFinished));
    }
    const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
    response.writeHead(status, { ...headers, "content-length": String(length) });
    response.end(this.head.method === "HEAD" ? undefined : body);
  }
}

/** A body's bytes. Who stops reading leaves the connection open, so that the client still gets its answer. */
export function chunksOf(request: IncomingMessage): AsyncIterable<Buffer> {
  return request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
}

/**
 * Reads a whole body. By listeners, since for a small request an asynchronous iterator costs more than all else.
 * Rejects with AwsError `RequestEntityTooLarge` when it is longer than `maxBytes`, or with the connection's error.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const take = (chunk: Buffer) => {
      bytes += chunk.byteLength;
      chunks.push(chunk);
      if (bytes <= maxBytes) return;
      request.off("data", take).pause();
      reject(new AwsError("RequestEntityTooLarge", `The request body is longer than ${maxBytes} bytes.`));
    };
    request.on("data", take).once("error", reject);
    request.once("end", () => {
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    request.once("close", () => {
      // To make an error for nothing costs more than to read a small body.
      if (!request.complete) reject(new Error("the connection ended before the whole body came"));
    });
  });
}
