import { AwsError } from "../aws-error.ts";
import type { Exchange } from "../http/exchange.ts";
import { parameter } from "../http/head.ts";
import { readClaim, type Claim } from "../signature/claim.ts";
import { SignatureFault } from "../signature/fault.ts";
import { isVersion2Url, verifyVersion2Url } from "../signature/version-2-url.ts";
import type { Verifier } from "../signature/verify.ts";
import { addressOf, type Address } from "./address.ts";
import type { S3Call } from "./call.ts";
import { signatureCodes, statusOf } from "./errors.ts";
import { misbehaveS3 } from "./misbehave.ts";
import { operationFor } from "./operations.ts";
import { HOST_ID } from "./protocol-constants.ts";
import type { S3State } from "./state.ts";
import { xmlDocument } from "./xml.ts";

const MAX_KEY_BYTES = 1024;

/** S3's REST protocol. */
export async function answerS3(state: S3State, verifier: Verifier, exchange: Exchange): Promise<void> {
  exchange.response.setHeader("x-amz-request-id", exchange.requestId);
  exchange.response.setHeader("x-amz-id-2", HOST_ID);
  try {
    await perform(state, verifier, exchange);
  } catch (error) {
    refuse(state, exchange, error);
  }
}

async function perform(state: S3State, verifier: Verifier, exchange: Exchange): Promise<void> {
  const address = addressOf(exchange.head);
  const caller = authenticate(state, verifier, exchange, address);
  misbehaveS3(exchange);
  const operation = operationFor(exchange.head, address);
  const { bucket = "", key } = address;
  if (key.byteLength > MAX_KEY_BYTES) {
    throw new AwsError("KeyTooLongError", "Your key is too long", {
      Size: String(key.byteLength),
      MaxSizeAllowed: String(MAX_KEY_BYTES),
    });
  }
  await operation({ state, exchange, bucket, key, ...caller });
}

type Caller = Pick<S3Call, "accessKeyId" | "payloadHash" | "verified">;

/** Who asks, by the request's signature. Throws SignatureFault or AwsError. */
function authenticate(state: S3State, verifier: Verifier, exchange: Exchange, address: Address): Caller {
  const { head } = exchange;
  const claim = readClaim(head);
  if (claim === undefined) {
    if (!isVersion2Url(head)) throw new SignatureFault("missing", "Access Denied");
    const accessKeyId = verifyVersion2Url(head, address.hostBucket, verifier.find, state.clock);
    return { accessKeyId, payloadHash: "UNSIGNED-PAYLOAD", verified: undefined };
  }
  if (claim.service !== "s3") {
    throw new SignatureFault(
      "malformed",
      `incorrect service "${claim.service}". This endpoint belongs to "s3".`,
    );
  }
  const payloadHash = payloadHashOf(exchange, claim);
  const verified = verifier.verify(head, claim, payloadHash);
  return { accessKeyId: claim.accessKeyId, payloadHash, verified };
}

function payloadHashOf({ head }: Exchange, claim: Claim): string {
  const given = head.headers.get("x-amz-content-sha256") ?? parameter(head, "X-Amz-Content-Sha256");
  if (given === undefined && claim.expiresS !== undefined) return "UNSIGNED-PAYLOAD";
  if (given === undefined) {
    throw new AwsError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
  }
  if (/^[0-9a-f]{64}$/.test(given) || /^(UNSIGNED-PAYLOAD|STREAMING-[A-Z0-9-]+)$/.test(given)) return given;
  throw new AwsError(
    "InvalidArgument",
    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
  );
}

function refuse(state: S3State, exchange: Exchange, error: unknown): void {
  const { response, head, request } = exchange;
  const { code, message, details } = describe(state, exchange, error);
  if (response.headersSent || !exchange.alive()) {
    response.destroy(); // half an answer, or nobody to answer to: the client must see that it is broken
    return;
  }
  request.resume();
  const status = statusOf(code);
  if (status === 304) {
    exchange.response.writeHead(304, details["ETag"] === undefined ? {} : { etag: details["ETag"] }).end();
    return;
  }
  const document = {
    Code: code,
    Message: message,
    ...details,
    Resource: head.rawPath,
    RequestId: exchange.requestId,
    HostId: HOST_ID,
  };
  exchange.respond(status, { "content-type": "application/xml" }, xmlDocument("Error", document));
}

function describe(
  state: S3State,
  exchange: Exchange,
  error: unknown,
): { code: string; message: string; details: Readonly<Record<string, string>> } {
  if (error instanceof AwsError) return error;
  if (error instanceof SignatureFault) {
    return { code: signatureCodes[error.kind], message: error.message, details: error.details };
  }
  if (error instanceof URIError) {
    return { code: "InvalidURI", message: "Couldn't parse the specified URI.", details: {} };
  }
  // An upload that the client broke off is not our failure.
  if (!exchange.request.complete && exchange.request.destroyed) {
    return {
      code: "RequestTimeout",
      message: "The connection ended before the whole body came.",
      details: {},
    };
  }
  state.report(error);
  return {
    code: "InternalError",
    message: "We encountered an internal error. Its log says why.",
    details: {},
  };
}
