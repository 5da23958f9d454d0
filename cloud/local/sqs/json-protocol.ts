import { hash } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import { readBody, type Exchange } from "../http/exchange.ts";
import { readClaim } from "../signature/claim.ts";
import { SignatureFault } from "../signature/fault.ts";
import type { Verifier } from "../signature/verify.ts";
import { signatureCodes, wireOf } from "./errors.ts";
import { Input } from "./input.ts";
import type { Answer } from "./operation.ts";
import { operations } from "./operations.ts";
import type { SqsState } from "./state.ts";

/** A message of 1 MiB may take six times that when every character is escaped. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;
const CONTENT_TYPE = "application/x-amz-json-1.0";
const TARGET = "AmazonSQS.";

/** AWS JSON 1.0 (https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html) for SQS. */
export async function answerSqsJson(state: SqsState, verifier: Verifier, exchange: Exchange): Promise<void> {
  try {
    const { output, undelivered } = await perform(state, verifier, exchange);
    const headers = { "content-type": CONTENT_TYPE, "x-amzn-requestid": exchange.requestId };
    exchange.respond(200, headers, JSON.stringify(output), undelivered);
  } catch (error) {
    refuse(state, exchange, error);
  }
}

async function perform(state: SqsState, verifier: Verifier, exchange: Exchange): Promise<Answer> {
  const { head } = exchange;
  const body = await readBody(exchange.request, MAX_BODY_BYTES);
  const claim = readClaim(head);
  if (claim === undefined) throw new SignatureFault("missing", "Request is missing Authentication Token");
  if (claim.service !== "sqs") {
    throw new SignatureFault("malformed", "Credential should be scoped to correct service: 'sqs'.");
  }
  verifier.verify(head, claim, hash("sha256", body, "hex"));
  const target = head.headers.get("x-amz-target") ?? "";
  const operation = target.startsWith(TARGET) ? operations.get(target.slice(TARGET.length)) : undefined;
  if (operation === undefined) {
    throw new AwsError("UnsupportedOperation", `The embedded cloud has no operation '${target}'.`);
  }
  return await operation(state, readInput(body), {
    baseUrl: `http://${head.headers.get("host") ?? "localhost"}`,
    alive: () => exchange.alive(),
    onGone: (fn) => exchange.onGone(fn),
  });
}

function readInput(body: Buffer): Input {
  let fields: unknown;
  try {
    fields = body.byteLength === 0 ? {} : JSON.parse(body.toString());
  } catch {
    throw new AwsError("SerializationException", "The request body is not valid JSON.");
  }
  return new Input(fields);
}

function refuse(state: SqsState, exchange: Exchange, error: unknown): void {
  const { code, message } = describe(state, error);
  const { status, queryCode, type, sender } = wireOf(code);
  exchange.respond(
    status,
    {
      "content-type": CONTENT_TYPE,
      "x-amzn-requestid": exchange.requestId,
      "x-amzn-query-error": `${queryCode};${sender ? "Sender" : "Receiver"}`,
    },
    JSON.stringify({ __type: type, message }),
  );
}

function describe(state: SqsState, error: unknown): { code: string; message: string } {
  if (error instanceof AwsError) return error;
  if (error instanceof SignatureFault) return { code: signatureCodes[error.kind], message: error.message };
  state.report(error);
  return { code: "InternalFailure", message: "The embedded cloud failed; its log says why." };
}
