import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { onTestFinished } from "vitest";

export interface WireAnswer {
  status: number;
  head: string;
  body: string;
}

/** A connection of a test's own, byte by byte. */
export class Wire {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;

  constructor(endpoint: string) {
    this.socket = connect({ host: "127.0.0.1", port: Number(new URL(endpoint).port), noDelay: true });
    this.socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.socket.emit("more");
    });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.#ended = true;
      this.socket.emit("more");
    });
    onTestFinished(() => void this.socket.destroy());
  }

  /** Writes pieces that the cloud, which runs in this process, reads one by one. */
  async write(...pieces: Buffer[]): Promise<void> {
    if (this.socket.connecting) await once(this.socket, "connect");
    for (const piece of pieces) {
      this.socket.write(piece);
      await setImmediate();
      await setImmediate();
    }
  }

  /** The next answer; undefined when the connection ended before a whole one came. */
  async read(): Promise<WireAnswer | undefined> {
    for (;;) {
      const found = this.#take();
      if (found !== undefined || this.#ended) return found;
      await once(this.socket, "more");
    }
  }

  /** All answers until the connection ends. */
  async readAll(): Promise<WireAnswer[]> {
    const answers: WireAnswer[] = [];
    for (let one = await this.read(); one !== undefined; one = await this.read()) answers.push(one);
    return answers;
  }

  #take(): WireAnswer | undefined {
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const head = this.#received.toString("latin1", 0, end);
    const from = end + 4;
    const bytes = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    if (this.#received.byteLength < from + bytes) return undefined;
    const body = this.#received.toString("utf8", from, from + bytes);
    this.#received = this.#received.subarray(from + bytes);
    return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]), head, body };
  }
}
