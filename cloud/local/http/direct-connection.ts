import type { Socket } from "node:net";
import type { Faults } from "../nasty/faults.ts";
import type { Conversation } from "./conversation.ts";
import { dateHeader } from "./date.ts";
import { DirectExchange, type DirectLine } from "./direct-exchange.ts";
import { readDirectHead, type DirectHead } from "./direct-head.ts";

export interface DirectOptions {
  faults: Faults;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** An idle connection is closed after this time. */
  keepAliveMs: number;
  /** Answers a request. */
  answer: (conversation: Conversation) => void;
  /** Goes on with a connection whose requests are not all calls to SQS; what was read of it is unread. */
  handOver: (socket: Socket) => void;
}

const MAX_HEAD_BYTES = 16 * 1024; // as Node's HTTP server
/** The largest body that SQS takes is 8 MiB; what is longer is Node's HTTP server's to refuse. */
const MAX_REQUEST_BYTES = 9 * 1024 * 1024;
const METHOD = "POST ";

/**
 * Reads requests from a socket for as long as they are calls to SQS, one after the other: half the time of such a call
 * goes into the streams and objects of Node's HTTP server. At the first request that is anything else, the server takes
 * the connection over, with all that stands in it.
 */
export class DirectConnection {
  readonly #socket: Socket;
  readonly #options: DirectOptions;
  readonly #line: DirectLine;
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Fewer bytes than these are not worth a look. */
  #wantedBytes = METHOD.length;
  #waiting: (DirectHead & { from: number }) | undefined;
  #busy = false;

  constructor(socket: Socket, options: DirectOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#line = {
      socket,
      faults: options.faults,
      commonHeaders: () => this.#commonHeaders(),
      answered: () => this.#answered(),
    };
    socket.setTimeout(options.keepAliveMs);
    socket.on("data", this.#onData).on("end", this.#onEnd).on("timeout", this.#onTimeout);
    socket.on("error", ignore); // the end of the connection follows
  }

  /** Whether a request is being answered. */
  get busy(): boolean {
    return this.#busy;
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#chunks.push(chunk);
    this.#bytes += chunk.byteLength;
    if (this.#bytes > 2 * MAX_REQUEST_BYTES) this.#socket.destroy(); // who sends on and on without reading
    if (!this.#busy) this.#next();
  };

  // The client says no more, so it is gone: none of those we know closes half a connection and goes on reading.
  readonly #onEnd = (): void => void this.#socket.end();

  readonly #onTimeout = (): void => {
    if (!this.#busy) this.#socket.destroy();
  };

  #next(): void {
    if (this.#bytes < this.#wantedBytes) return;
    const bytes = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    if (bytes === undefined) return;
    this.#chunks = [bytes];
    this.#waiting ??= this.#readHead(bytes);
    if (this.#waiting === undefined) return;
    const { head, from, bodyBytes } = this.#waiting;
    this.#wantedBytes = from + bodyBytes;
    if (bytes.byteLength < this.#wantedBytes) return;
    const rest = bytes.subarray(this.#wantedBytes);
    this.#chunks = rest.byteLength === 0 ? [] : [rest];
    this.#bytes = rest.byteLength;
    this.#wantedBytes = METHOD.length;
    this.#waiting = undefined;
    this.#busy = true;
    this.#options.answer(new DirectExchange(head, bytes.subarray(from, from + bodyBytes), this.#line));
  }

  /** Undefined when more must come first, or when the connection is no longer ours. */
  #readHead(bytes: Buffer): (DirectHead & { from: number }) | undefined {
    const end = bytes.indexOf("\r\n\r\n");
    const ours = bytes.toString("latin1", 0, METHOD.length) === METHOD;
    if (end < 0 && ours && bytes.byteLength <= MAX_HEAD_BYTES) {
      this.#wantedBytes = bytes.byteLength + 1;
      return undefined;
    }
    const from = end + 4;
    const found = end < 0 || !ours ? undefined : readDirectHead(bytes.toString("latin1", 0, from));
    if (found !== undefined && from + found.bodyBytes <= MAX_REQUEST_BYTES) return { ...found, from };
    this.#handOver(bytes);
    return undefined;
  }

  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    socket.off("data", this.#onData).off("end", this.#onEnd).off("timeout", this.#onTimeout);
    socket.off("error", ignore);
    socket.setTimeout(0);
    socket.pause();
    socket.unshift(bytes);
    this.#options.handOver(socket);
    socket.resume();
  }

  #answered(): void {
    this.#busy = false;
    if (this.#bytes > 0) this.#next();
  }

  /** Node's HTTP server answers with the same. */
  #commonHeaders(): string {
    const { now, keepAliveMs } = this.#options;
    return `date: ${dateHeader(now())}\r\nconnection: keep-alive\r\nkeep-alive: timeout=${keepAliveMs / 1000}\r\n`;
  }
}

function ignore(): void {
  // nothing to do
}
