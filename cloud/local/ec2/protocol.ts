import { hash } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import { readBody, type Exchange } from "../http/exchange.ts";
import type { RequestHead } from "../http/head.ts";
import { misbehave } from "../nasty/misbehave.ts";
import { readClaim } from "../signature/claim.ts";
import { SignatureFault } from "../signature/fault.ts";
import type { Verifier } from "../signature/verify.ts";
import { Parameters } from "../simpledb/parameters.ts";
import { xmlDocument } from "../simpledb/xml.ts";
import { signatureCodes, statusOf } from "./errors.ts";
import { operations } from "./operations.ts";
import type { Call, Ec2State } from "./state.ts";

const VERSION = "2016-11-15";
const NAMESPACE = `http://ec2.amazonaws.com/doc/${VERSION}/`;
/** User data of 16 KiB in base64, percent-encoded, and a thousand ids. */
const MAX_BODY_BYTES = 1024 * 1024;

/** EC2 is what the credential's scope says. */
export function isEc2(head: RequestHead): boolean {
  if (head.rawPath !== "/") return false;
  const scope = /\/ec2\/aws4_request/;
  const authorization = head.headers.get("authorization");
  if (authorization !== undefined) return scope.test(authorization);
  return scope.test(head.query.find(([name]) => name === "X-Amz-Credential")?.[1] ?? "");
}

/** EC2's query protocol: parameters by GET or by a POSTed form, answers in XML. */
export async function answerEc2(state: Ec2State, verifier: Verifier, exchange: Exchange): Promise<void> {
  const headers = { "content-type": "text/xml;charset=UTF-8" };
  try {
    exchange.respond(200, headers, await perform(state, verifier, exchange));
  } catch (error) {
    const { code, message } = describe(state, error);
    const document = { Errors: { Error: { Code: code, Message: message } }, RequestID: exchange.requestId };
    exchange.respond(statusOf(code), headers, xmlDocument("Response", document));
  }
}

async function perform(state: Ec2State, verifier: Verifier, exchange: Exchange): Promise<string> {
  const { head } = exchange;
  const body = await readBody(exchange.request, MAX_BODY_BYTES);
  const claim = readClaim(head);
  if (claim === undefined) throw new SignatureFault("missing", "The request is not signed.");
  verifier.verify(head, claim, hash("sha256", body, "hex"));
  const pairs = [...head.query, ...new URLSearchParams(body.toString())];
  const call: Call = { parameters: Parameters.of(pairs), pairs };
  misbehave(exchange.faults, throttles, internalError);
  const action = call.parameters.text("Action");
  const operation = operations.get(action);
  if (operation === undefined) {
    throw new AwsError("InvalidAction", `The action ${action} is not valid for this web service.`);
  }
  if (call.parameters.text("Version") !== VERSION) {
    throw new AwsError("NoSuchVersion", `The version is not valid. Use ${VERSION}.`);
  }
  state.throttle.take(action, state.settings.throttle);
  const work = () =>
    state.group.run(() => {
      if (call.parameters.flag("DryRun")) throw dryRun;
      return operation(state, call);
    });
  const isRead = action.startsWith("Describe");
  const result = isRead ? await state.recent.read(exchange.faults, questionOf(pairs), work) : await work();
  if (!isRead) state.wake();
  return xmlDocument(`${action}Response`, { requestId: exchange.requestId, ...result }, NAMESPACE);
}

const throttles = [new AwsError("RequestLimitExceeded", "Request limit exceeded.")];
const internalError = new AwsError("InternalError", "An internal error has occurred");
const dryRun = new AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.");

const signing = /^X-Amz-/;

/** What a request asks, whoever signed it and when. */
const questionOf = (pairs: Call["pairs"]) => JSON.stringify(pairs.filter(([name]) => !signing.test(name)));

function describe(state: Ec2State, error: unknown): { code: string; message: string } {
  if (error instanceof AwsError) return error;
  if (error instanceof SignatureFault) return { code: signatureCodes[error.kind], message: error.message };
  state.report(error);
  return { code: "InternalError", message: "The embedded cloud failed; its log says why." };
}
