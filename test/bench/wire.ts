import { createHash, createHmac } from "node:crypto";
import { connect, type Socket } from "node:net";

/** Who signs; the embedded cloud checks it. */
export interface Signer {
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
}

/**
 * One connection that sends SQS calls one after the other. It writes and reads bytes itself, some 20 µs a call, so that
 * the load generator is not what is measured.
 */
export class Wire {
  readonly #socket: Socket;
  readonly #host: string;
  readonly #signer: Signer;
  readonly #key: Buffer;
  readonly #date: string;
  readonly #signed = new Map<string, Buffer>();
  #received: Buffer = Buffer.alloc(0);
  #resolve: ((body: string) => void) | undefined;

  constructor(endpoint: string, signer: Signer) {
    const { hostname, port, host } = new URL(endpoint);
    this.#host = host;
    this.#signer = signer;
    this.#date = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
    const chain = [this.#date.slice(0, 8), signer.region, "sqs", "aws4_request"];
    this.#key = chain.reduce<Buffer>(
      (key, part) => createHmac("sha256", key).update(part).digest(),
      Buffer.from(`AWS4${signer.secretAccessKey}`),
    );
    this.#socket = connect(Number(port), hostname).setNoDelay(true);
    this.#socket.on("data", (chunk) => this.#onData(chunk));
  }

  /** The answer's body; throws when it is no 200. */
  call(action: string, body: string, repeated = false): Promise<string> {
    const known = this.#signed.get(body);
    const bytes = known ?? this.#request(action, body);
    if (repeated && known === undefined) this.#signed.set(body, bytes);
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#socket.write(bytes);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Signature Version 4 (AWS: "Create a signed AWS API request"). */
  #request(action: string, body: string): Buffer {
    const target = `AmazonSQS.${action}`;
    const scope = `${this.#date.slice(0, 8)}/${this.#signer.region}/sqs/aws4_request`;
    const hash = createHash("sha256").update(body).digest("hex");
    const canonical = `POST\n/\n\nhost:${this.#host}\nx-amz-date:${this.#date}\nx-amz-target:${target}\n\nhost;x-amz-date;x-amz-target\n${hash}`;
    const text = `AWS4-HMAC-SHA256\n${this.#date}\n${scope}\n${createHash("sha256").update(canonical).digest("hex")}`;
    const signature = createHmac("sha256", this.#key).update(text).digest("hex");
    return Buffer.from(
      `POST / HTTP/1.1\r\nhost: ${this.#host}\r\nx-amz-date: ${this.#date}\r\nx-amz-target: ${target}\r\n` +
        `content-type: application/x-amz-json-1.0\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
        `authorization: AWS4-HMAC-SHA256 Credential=${this.#signer.accessKeyId}/${scope}, SignedHeaders=host;x-amz-date;x-amz-target, Signature=${signature}\r\n\r\n${body}`,
    );
  }

  #onData(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf("\r\n\r\n");
    if (end === -1) return;
    const head = this.#received.toString("latin1", 0, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#received.length < end + 4 + length) return;
    const body = this.#received.toString("utf8", end + 4, end + 4 + length);
    this.#received = Buffer.alloc(0);
    if (!head.startsWith("HTTP/1.1 200"))
      throw new Error(`the server answered ${head.split("\r\n")[0]}: ${body}`);
    this.#resolve?.(body);
  }
}
