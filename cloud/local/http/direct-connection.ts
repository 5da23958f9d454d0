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

/** Of requests that come before the last one is answered; whoever sends more must wait. */
const MAX_AHEAD_BYTES = 1024 * 1024;

/**
 * Reads requests from a socket for as long as they are calls to SQS, one after the other: half the time of such a call
 * goes into the streams and objects of Node's HTTP server. At the first request that is anything else, or whose head
 * does not come in one piece, the server takes the connection over, with all that stands in it.
 */
export class DirectConnection {
  readonly #socket: Socket;
  readonly #options: DirectOptions;
  readonly #line: DirectLine;
  /** What has come and is not used yet. */
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** The head of a request whose body is still to come. */
  #head: DirectHead | undefined;
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
    if (!this.#busy) this.#next();
    else if (this.#bytes > MAX_AHEAD_BYTES) this.#socket.pause();
  };

  // The client says no more, so it is gone: none of those we know closes half a connection and goes on reading.
  readonly #onEnd = (): void => void this.#socket.end();

  readonly #onTimeout = (): void => {
    if (!this.#busy) this.#socket.destroy();
  };

  #next(): void {
    this.#head ??= readDirectHead(this.#whole());
    if (this.#head === undefined) {
      this.#handOver();
      return;
    }
    const { head, bodyAt, endAt } = this.#head;
    if (this.#bytes < endAt) return;
    const bytes = this.#whole();
    this.#bytes -= endAt;
    this.#chunks = this.#bytes === 0 ? [] : [bytes.subarray(endAt)];
    this.#head = undefined;
    this.#busy = true;
    this.#options.answer(new DirectExchange(head, bytes.subarray(bodyAt, endAt), this.#line));
  }

  #whole(): Buffer {
    const [first, ...more] = this.#chunks;
    if (first !== undefined && more.length === 0) return first;
    const whole = Buffer.concat(this.#chunks);
    this.#chunks = [whole];
    return whole;
  }

  #handOver(): void {
    const socket = this.#socket;
    socket.off("data", this.#onData).off("end", this.#onEnd).off("timeout", this.#onTimeout);
    socket.off("error", ignore);
    socket.setTimeout(0);
    socket.pause();
    socket.unshift(this.#whole());
    this.#options.handOver(socket);
    socket.resume();
  }

  #answered(): void {
    this.#busy = false;
    if (this.#socket.isPaused()) this.#socket.resume();
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
