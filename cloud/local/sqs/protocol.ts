import { hash } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import type { Conversation } from "../http/conversation.ts";
import { parameter, type RequestHead } from "../http/head.ts";
import { misbehave } from "../nasty/misbehave.ts";
import { readClaim } from "../signature/claim.ts";
import { SignatureFault } from "../signature/fault.ts";
import type { Verifier } from "../signature/verify.ts";
import { signatureCodes, wireOf } from "./errors.ts";
import { jsonProtocol } from "./json-protocol.ts";
import type { Caller } from "./operation.ts";
import { operations } from "./operations.ts";
import { queryProtocol } from "./query-protocol.ts";
import type { SqsState } from "./state.ts";
import type { WireProtocol } from "./wire-protocol.ts";

/** A message of 1 MiB may take six times that when every character is escaped. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

const scopedToSqs = /\/sqs\/aws4_request/;

/** Whether a request is for SQS: by its target, its credential's scope, or a form posted to a queue's path. */
export function isSqs(head: RequestHead): boolean {
  if (head.headers.has("x-amz-target")) return true;
  const authorization = head.headers.get("authorization");
  if (authorization !== undefined) return scopedToSqs.test(authorization);
  const credential = parameter(head, "X-Amz-Credential");
  if (credential !== undefined) return scopedToSqs.test(credential);
  const form = (head.headers.get("content-type") ?? "").startsWith("application/x-www-form-urlencoded");
  return head.method === "POST" && form && head.rawPath !== "/";
}

/** SQS in either of its two protocols. */
export async function answerSqs(state: SqsState, verifier: Verifier, exchange: Conversation): Promise<void> {
  const protocol = exchange.head.headers.has("x-amz-target") ? jsonProtocol : queryProtocol;
  try {
    const body = await exchange.body(MAX_BODY_BYTES);
    authenticate(verifier, exchange, body);
    misbehave(exchange.faults, throttles, internalFailure);
    const call = protocol.read(exchange.head, body);
    const operation = operations.get(call.action);
    if (operation === undefined) throw protocol.unknownAction(call.action);
    const { output, undelivered } = await operation(state, call.input(), callerOf(exchange));
    const text = protocol.answer(call.action, output, exchange.requestId);
    exchange.respond(200, headersOf(protocol, exchange), text, undelivered);
  } catch (error) {
    refuse(state, protocol, exchange, error);
  }
}

function authenticate(verifier: Verifier, { head }: Conversation, body: Buffer): void {
  const claim = readClaim(head);
  if (claim === undefined) throw new SignatureFault("missing", "Request is missing Authentication Token");
  if (claim.service !== "sqs") {
    throw new SignatureFault("malformed", "Credential should be scoped to correct service: 'sqs'.");
  }
  verifier.verify(head, claim, hash("sha256", body, "hex"));
}

const callerOf = (exchange: Conversation): Caller => ({
  baseUrl: `http://${exchange.head.headers.get("host") ?? "localhost"}`,
  alive: () => exchange.alive(),
  onGone: (fn) => exchange.onGone(fn),
});

/** Both are in use on AWS, and clients must know both. */
const throttles = [
  new AwsError("RequestThrottled", "The request was denied due to request throttling."),
  new AwsError("Throttling", "Rate exceeded"),
];
const internalFailure = new AwsError("InternalFailure", "The request processing has failed.");

function refuse(state: SqsState, protocol: WireProtocol, exchange: Conversation, error: unknown): void {
  const { code, message } = describe(state, error);
  const wire = wireOf(code);
  const headers = headersOf(protocol, exchange);
  const { text, headers: more } = protocol.refusal(wire, message, exchange.requestId);
  exchange.respond(wire.status, { ...headers, ...more }, text);
}

const headersOf = ({ contentType }: WireProtocol, { requestId }: Conversation) => ({
  "content-type": contentType,
  "x-amzn-requestid": requestId,
});

function describe(state: SqsState, error: unknown): { code: string; message: string } {
  if (error instanceof AwsError) return error;
  if (error instanceof SignatureFault) return { code: signatureCodes[error.kind], message: error.message };
  state.report(error);
  return { code: "InternalFailure", message: "The embedded cloud failed; its log says why." };
}
