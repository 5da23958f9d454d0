import { createHash, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../base/clock.ts";
import { DroverError, reasonOf } from "../../base/errors.ts";
import { validate } from "../../schemas/validate.ts";
import { checkWebhook } from "../webhook.ts";
import { MESSAGE_ID } from "./inbox.ts";
import type { Inbox } from "./inbox.ts";

/** What happened to one call. `refused` and `failed` left nothing behind. */
export type ReceiverEvent =
  | {
      event: "stored" | "duplicate" | "conflict";
      httpStatus: number;
      messageId: string;
      status: string;
      callId: string | undefined;
      bytes: number;
      file: string;
      /** Signed download links of the artifacts: they expire, so they stand beside the document, not in it. */
      link: string | undefined;
    }
  | { event: "refused" | "failed"; httpStatus: number; code: string; message: string };

export interface ReceiverOptions {
  host: string;
  /** 0 takes any free one. */
  port: number;
  /** Basic authentication is asked for when given. */
  account?: { user: string; password: string };
  /** Signatures are asked for unless empty. */
  secrets: readonly string[];
  inbox: Inbox;
  clock: Clock;
  /** A whole call, head and body: a sender that trickles cannot hold a connection longer. Default: 30 s. */
  callTimeoutMs?: number;
  /** Called after the caller has been answered. */
  onEvent: (event: ReceiverEvent) => void;
}

export interface Receiver {
  url: string;
  /** Takes no new calls, finishes those that run. */
  close(): Promise<void>;
}

/** A response holds at most 256 KiB of output, as base64 in the worst case, and a list of artifacts. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;
const CALL_TIMEOUT_MS = 30_000;
/** Bounds the memory of bodies in flight: 256 × 2 MiB. */
const MAX_CONNECTIONS = 256;

/** Thrown for a call that must not be stored; carries the HTTP status it is answered with. */
class Refusal extends DroverError {
  readonly httpStatus: number;

  constructor(httpStatus: number, code: string, message: string) {
    super(code, message);
    this.httpStatus = httpStatus;
  }
}

/** Starts the reference receiver of callbacks. @throws the listen error, e.g. code `EADDRINUSE`. */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { callTimeoutMs = CALL_TIMEOUT_MS } = options;
  const server = createServer({
    headersTimeout: callTimeoutMs / 3,
    requestTimeout: callTimeoutMs,
    connectionsCheckingInterval: callTimeoutMs / 30,
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    void handle(request, response, options);
  });
  server.listen(options.port, options.host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return { url: `http://${host}:${port}/`, close: () => closeServer(server) };
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  await closed;
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  options: ReceiverOptions,
): Promise<void> {
  const event = await receive(request, options).catch((error: unknown) => eventOf(error, request));
  if (request.destroyed && !request.complete) {
    options.onEvent(event); // Nobody is left to answer: the sender went away, or node:http answered 408 itself.
    return;
  }
  const headers: Record<string, string> = { "content-type": "text/plain; charset=utf-8" };
  if (event.httpStatus === 401) headers["www-authenticate"] = 'Basic realm="drover"';
  if (event.httpStatus === 405) headers["allow"] = "POST";
  if (!request.complete) headers["connection"] = "close";
  response.once("close", () => options.onEvent(event));
  response.writeHead(event.httpStatus, headers);
  response.end(`${"code" in event ? `${event.code}: ${event.message}` : event.event}\n`);
}

function eventOf(error: unknown, request: IncomingMessage): ReceiverEvent {
  if (error instanceof Refusal) {
    return { event: "refused", httpStatus: error.httpStatus, code: error.code, message: error.message };
  }
  if (request.destroyed && !request.complete) {
    const message = `The call did not arrive whole: its sender went away or was too slow.`;
    return { event: "refused", httpStatus: 408, code: "callback-incomplete", message };
  }
  // Anything else is our trouble, e.g. a full disk: 503 makes the sender try again later.
  return { event: "failed", httpStatus: 503, code: "receiver-failed", message: reasonOf(error) };
}

async function receive(request: IncomingMessage, options: ReceiverOptions): Promise<ReceiverEvent> {
  const refusal = refuseHead(request, options);
  const body = await readBody(request, refusal === undefined);
  if (refusal !== undefined) throw refusal;
  if (body === undefined) {
    throw new Refusal(413, "callback-too-large", `The body has more than ${MAX_BODY_BYTES} bytes.`);
  }
  const callId = identifyCall(request, body, options);
  const verdict = validate("response", body);
  if (!verdict.ok) {
    const [problem] = verdict.problems;
    throw new Refusal(
      400,
      problem?.code ?? "response-invalid",
      problem?.message ?? "The body is no response.",
    );
  }
  const { messageId, status } = verdict.value;
  if (!MESSAGE_ID.test(messageId)) {
    throw new Refusal(400, "message-id-refused", "The response's messageId cannot be the id of a job.");
  }
  const receipt = await options.inbox.store({ callId, messageId, body });
  return {
    event: receipt.outcome,
    httpStatus: receipt.outcome === "conflict" ? 409 : 200,
    messageId,
    status,
    callId,
    bytes: body.byteLength,
    file: receipt.file,
    link: headerOf(request, "link"),
  };
}

function refuseHead(request: IncomingMessage, { account }: ReceiverOptions): Refusal | undefined {
  if (request.method !== "POST") return new Refusal(405, "method-refused", "Callbacks arrive by POST.");
  if (account !== undefined && !authorized(request.headers.authorization, account)) {
    return new Refusal(401, "callback-unauthorized", "User and password are not those of this receiver.");
  }
  const coding = request.headers["content-encoding"] ?? "identity";
  if (coding !== "identity") {
    return new Refusal(
      415,
      "content-encoding-refused",
      "Send the document as it is, without content-encoding.",
    );
  }
  return undefined;
}

function authorized(header: string | undefined, account: { user: string; password: string }): boolean {
  const expected = `Basic ${Buffer.from(`${account.user}:${account.password}`).toString("base64")}`;
  // Equal lengths make the comparison constant-time whatever was sent.
  return timingSafeEqual(digest(header ?? ""), digest(expected));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/**
 * The whole body, or undefined when it is too large. What is not kept is still read, within the same bound,
 * so that the sender gets to see the answer; past it the connection is cut.
 */
async function readBody(request: IncomingMessage, keep: boolean): Promise<Buffer | undefined> {
  const { socket } = request;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > 2 * MAX_BODY_BYTES) {
      socket.destroy(); // leaving the loop ends the request, but lets its connection stand
      break;
    }
    if (bytes > MAX_BODY_BYTES) chunks.length = 0;
    else if (keep) chunks.push(chunk);
  }
  return bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks);
}

function identifyCall(request: IncomingMessage, body: Buffer, options: ReceiverOptions): string | undefined {
  if (options.secrets.length === 0) return headerOf(request, "webhook-id");
  try {
    return checkWebhook({
      headers: request.headers,
      body,
      secrets: options.secrets,
      nowMs: options.clock.now(),
    }).id;
  } catch (error) {
    if (error instanceof DroverError) throw new Refusal(401, error.code, error.message);
    throw error;
  }
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}
