import type { IncomingMessage, ServerResponse } from "node:http";
import { Exchange } from "../http/exchange.ts";
import { readHead } from "../http/head.ts";
import { answerControl, CONTROL_PATH } from "./control.ts";
import type { ImdsState } from "./state.ts";
import { lookUp, metadataTree } from "./tree.ts";

const TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN_HEADER = "x-aws-ec2-metadata-token";
const TOKEN_PATH = "/latest/api/token";
/** Dated versions say the same as the latest. */
const VERSION = /^(latest|\d{4}-\d\d-\d\d)$/;

/** IMDSv2 (EC2 user guide, "Use the Instance Metadata Service"); version 1, without a token, is off. */
export async function answer(
  state: ImdsState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader("server", "EC2ws");
  const exchange = new Exchange(request, response, readHead(request));
  const { method, rawPath } = exchange.head;
  if (rawPath === CONTROL_PATH) await answerControl(state, exchange);
  else if (method === "PUT") giveToken(state, exchange);
  else if (method === "GET" || method === "HEAD") await giveMetadata(state, exchange);
  else say(exchange, 405, "Method Not Allowed");
}

function giveToken({ tokens }: ImdsState, exchange: Exchange): void {
  const { headers, rawPath } = exchange.head;
  if (rawPath !== TOKEN_PATH) return say(exchange, 405, "Method Not Allowed");
  // A proxy in between may serve others: the service refuses to hand it a token.
  if (headers.has("x-forwarded-for")) return say(exchange, 403, "Forbidden");
  const ttl = headers.get(TTL_HEADER);
  const token = tokens.issue(ttl);
  if (token === undefined) return say(exchange, 400, "Bad Request");
  return say(exchange, 200, token, { [TTL_HEADER]: ttl ?? "" });
}

async function giveMetadata(state: ImdsState, exchange: Exchange): Promise<void> {
  const { headers, rawPath } = exchange.head;
  const remainingS = state.tokens.remainingS(headers.get(TOKEN_HEADER));
  if (remainingS === 0) return say(exchange, 401, "Unauthorized");
  const [version, ...path] = rawPath.split("/").filter((part) => part !== "");
  const { instance, place } = state;
  const tree = metadataTree(instance, place, () => state.credentials.document(instance));
  const text =
    version === undefined ? "latest" : VERSION.test(version) ? await lookUp(tree, path) : undefined;
  const lifetime = { [TTL_HEADER]: String(remainingS) };
  return text === undefined ? say(exchange, 404, "Not Found", lifetime) : say(exchange, 200, text, lifetime);
}

function say(exchange: Exchange, status: number, text: string, headers: Record<string, string> = {}): void {
  exchange.respond(status, { "content-type": "text/plain", ...headers }, text);
}
