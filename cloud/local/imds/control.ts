import { hash } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import { DroverError } from "../../../base/errors.ts";
import { readBody, type Exchange } from "../http/exchange.ts";
import { readClaim } from "../signature/claim.ts";
import { SignatureFault } from "../signature/fault.ts";
import { checked, type Instance } from "./instance.ts";
import type { ImdsState } from "./state.ts";

/**
 * GET says what the instance is told, PUT changes it: JSON of the fields of Instance, and `rotateCredentials: true`.
 * Both must be signed with the cloud's own credentials for the service `imds`; an instance's do not do.
 */
export const CONTROL_PATH = "/_control";
const MAX_BODY_BYTES = 64 * 1024;

export async function answerControl(state: ImdsState, exchange: Exchange): Promise<void> {
  try {
    const body = await readBody(exchange.request, MAX_BODY_BYTES);
    authenticate(state, exchange, body);
    const { method } = exchange.head;
    if (method === "PUT") change(state, body);
    else if (method !== "GET") throw new AwsError("MethodNotAllowed", "Use GET or PUT.");
    say(exchange, 200, state.instance);
  } catch (error) {
    const known =
      error instanceof SignatureFault || error instanceof AwsError || error instanceof DroverError;
    if (!known) throw error;
    say(exchange, error instanceof SignatureFault ? 403 : 400, { message: error.message });
  }
}

function authenticate({ verifier }: ImdsState, { head }: Exchange, body: Buffer): void {
  const claim = readClaim(head);
  if (claim === undefined) throw new SignatureFault("missing", "The request is not signed.");
  if (claim.service !== "imds") throw new SignatureFault("malformed", 'Sign for the service "imds".');
  verifier.verify(head, claim, hash("sha256", body, "hex"));
}

function change(state: ImdsState, body: Buffer): void {
  let fields: unknown;
  try {
    fields = JSON.parse(body.toString());
  } catch {
    throw new AwsError("SerializationException", "The body is not valid JSON.");
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw new AwsError("SerializationException", "The body must be a JSON object.");
  }
  const { rotateCredentials, ...changes } = fields as Record<string, unknown>;
  state.instance = checked({ ...state.instance, ...(changes as Partial<Instance>) });
  if (rotateCredentials === true) state.credentials.rotate();
}

function say(exchange: Exchange, status: number, document: unknown): void {
  exchange.respond(status, { "content-type": "application/json" }, JSON.stringify(document));
}
