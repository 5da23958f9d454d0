import { hash } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import { readBody, type Exchange } from "../http/exchange.ts";
import type { RequestHead } from "../http/head.ts";
import { misbehave } from "../nasty/misbehave.ts";
import { readClaim } from "../signature/claim.ts";
import { SignatureFault } from "../signature/fault.ts";
import type { Verifier } from "../signature/verify.ts";
import { signatureCodes, statusOf } from "./errors.ts";
import { operations } from "./operations.ts";
import { Parameters } from "./parameters.ts";
import type { SimpleDbState } from "./state.ts";
import { xmlDocument } from "./xml.ts";

const VERSION = "2009-04-15";
const NAMESPACE = `http://sdb.amazonaws.com/doc/${VERSION}/`;
/** Batches hold up to 1 MB, of which percent-encoding makes three. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** Machine hours. AWS bills by the work done; here every request costs the same. */
const BOX_USAGE = "0.0000219907";

type Pairs = readonly (readonly [name: string, value: string])[];

/**
 * Signature Version 2 names no service, and no other service here takes it: a form without an Authorization header,
 * or a query with an Action or a SignatureVersion. With Version 4 the credential's scope says `sdb`.
 */
export function isSimpleDb(head: RequestHead): boolean {
  const scope = /\/([a-z0-9-]+)\/aws4_request/;
  const authorization = head.headers.get("authorization");
  if (authorization !== undefined) return scope.exec(authorization)?.[1] === "sdb";
  const credential = head.query.find(([name]) => name === "X-Amz-Credential")?.[1];
  if (credential !== undefined) return scope.exec(credential)?.[1] === "sdb";
  if (head.rawPath !== "/") return false;
  if (head.method === "GET")
    return head.query.some(([name]) => name === "Action" || name === "SignatureVersion");
  return head.method === "POST" && isForm(head);
}

const isForm = (head: RequestHead) =>
  (head.headers.get("content-type") ?? "").startsWith("application/x-www-form-urlencoded");

/** SimpleDB's query protocol: parameters by GET or by a POSTed form, answers in XML. */
export async function answerSimpleDb(
  state: SimpleDbState,
  verifier: Verifier,
  exchange: Exchange,
): Promise<void> {
  const headers = { "content-type": "text/xml" };
  try {
    exchange.respond(200, headers, await perform(state, verifier, exchange));
  } catch (error) {
    const { code, message } = describe(state, error);
    const document = {
      Errors: { Error: { Code: code, Message: message, BoxUsage: BOX_USAGE } },
      RequestID: exchange.requestId,
    };
    exchange.respond(statusOf(code), headers, xmlDocument("Response", document));
  }
}

async function perform(state: SimpleDbState, verifier: Verifier, exchange: Exchange): Promise<string> {
  const { head } = exchange;
  const body = await readBody(exchange.request, MAX_BODY_BYTES);
  const pairs = [...head.query, ...(isForm(head) ? readForm(body) : [])];
  const parameters = Parameters.of(pairs);
  authenticate(state, verifier, head, { body, pairs, parameters });
  misbehave(exchange.faults, [unavailable], internalError);
  const action = parameters.optionalText("Action");
  if (action === undefined) throw new AwsError("MissingAction", "No action was supplied with this request.");
  const operation = operations.get(action);
  if (operation === undefined) {
    throw new AwsError("InvalidAction", `The action ${action} is not valid for this web service.`);
  }
  if (parameters.text("Version") !== VERSION) {
    throw new AwsError("NoSuchVersion", `The version is not valid. Use ${VERSION}.`);
  }
  const ask = () => state.group.run(() => operation(state, parameters));
  const mayBeStale = staleReads.has(action) && parameters.optionalText("ConsistentRead") !== "true";
  const result = mayBeStale ? await state.recent.read(exchange.faults, questionOf(pairs), ask) : await ask();
  const metadata = { RequestId: exchange.requestId, BoxUsage: BOX_USAGE };
  return xmlDocument(
    `${action}Response`,
    { ...(result === undefined ? {} : { [`${action}Result`]: result }), ResponseMetadata: metadata },
    NAMESPACE,
  );
}

const unavailable = new AwsError(
  "ServiceUnavailable",
  "Service Amazon SimpleDB is currently unavailable. Please try again later.",
);
const internalError = new AwsError(
  "InternalError",
  "Request could not be executed due to an internal service error.",
);

/** Reads that are eventually consistent unless they ask for more. */
const staleReads = new Set(["GetAttributes", "Select"]);
const signing = /^(Signature|Timestamp$|Expires$|AWSAccessKeyId$|SecurityToken$|X-Amz-)/;

/** What a request asks, whoever signed it and when. */
const questionOf = (pairs: Pairs) => JSON.stringify(pairs.filter(([name]) => !signing.test(name)));

function authenticate(
  state: SimpleDbState,
  verifier: Verifier,
  head: RequestHead,
  request: { body: Buffer; pairs: Pairs; parameters: Parameters },
): void {
  const claim = readClaim(head);
  if (claim === undefined) {
    state.verifierV2.verify(head, request.pairs, request.parameters);
    return;
  }
  verifier.verify(head, claim, hash("sha256", request.body, "hex"));
}

function readForm(body: Buffer): Pairs {
  const text = body.toString("latin1").replaceAll("+", "%20");
  try {
    return text
      .split("&")
      .filter((pair) => pair !== "")
      .map((pair) => {
        const mark = pair.indexOf("=");
        const name = mark < 0 ? pair : pair.slice(0, mark);
        return [decodeURIComponent(name), mark < 0 ? "" : decodeURIComponent(pair.slice(mark + 1))] as const;
      });
  } catch (error) {
    const message = "The form is not valid percent-encoded UTF-8.";
    throw new AwsError("MalformedQueryString", message, {}, error);
  }
}

function describe(state: SimpleDbState, error: unknown): { code: string; message: string } {
  if (error instanceof AwsError) return error;
  if (error instanceof SignatureFault) return { code: signatureCodes[error.kind], message: error.message };
  state.report(error);
  return { code: "InternalError", message: "The embedded cloud failed; its log says why." };
}
