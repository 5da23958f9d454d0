import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { AwsError } from "../aws-error.ts";
import type { Faults } from "../nasty/faults.ts";
import type { Conversation } from "./conversation.ts";
import { watchDelivery } from "./delivery.ts";
import type { RequestHead } from "./head.ts";

/** What an exchange needs of its connection. */
export interface DirectLine {
  socket: Socket;
  faults: Faults;
  /** Headers of every answer, each with its end of line. */
  commonHeaders: () => string;
  /** The answer is on its way: it is the next request's turn. */
  answered: () => void;
}

/** A request that was read straight from its socket, body and all. */
export class DirectExchange implements Conversation {
  readonly requestId = randomUUID();
  readonly head: RequestHead;
  readonly #body: Buffer;
  readonly #line: DirectLine;

  constructor(head: RequestHead, body: Buffer, line: DirectLine) {
    this.head = head;
    this.#body = body;
    this.#line = line;
  }

  get faults(): Faults {
    return this.#line.faults;
  }

  body(maxBytes: number): Buffer {
    if (this.#body.byteLength <= maxBytes) return this.#body;
    throw new AwsError("RequestEntityTooLarge", `The request body is longer than ${maxBytes} bytes.`);
  }

  alive(): boolean {
    return !this.#line.socket.destroyed && this.#line.socket.writable;
  }

  onGone(fn: () => void): () => void {
    this.#line.socket.once("close", fn);
    return () => this.#line.socket.off("close", fn);
  }

  respond(status: number, headers: Record<string, string>, body: string, undelivered?: () => void): void {
    const { socket, faults, commonHeaders, answered } = this.#line;
    if (faults.strikes("lost-response")) {
      socket.resetAndDestroy(); // lost on the network: the service believes that it has answered
      return;
    }
    if (!this.alive()) {
      socket.destroy();
      undelivered?.();
      return;
    }
    let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${commonHeaders()}`;
    for (const [name, value] of Object.entries(headers)) text += `${name}: ${value}\r\n`;
    text += `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    const ended = undelivered === undefined ? undefined : watchDelivery(socket, undelivered);
    const room = ended === undefined ? socket.write(text) : socket.write(text, (error) => ended(!error));
    // Who sends without reading must not fill the memory with answers.
    if (room) answered();
    else socket.once("drain", answered);
  }
}
