import { parameter, type RequestHead } from "../http/head.ts";
import { SignatureFault } from "./fault.ts";

/** What a request says about its own signature, before it is believed. */
export interface Claim {
  accessKeyId: string;
  /** YYYYMMDD, region and service of the credential scope. */
  day: string;
  region: string;
  service: string;
  signedHeaders: readonly string[];
  /** 64 hexadecimal digits. */
  signature: string;
  /** YYYYMMDD'T'HHMMSS'Z' */
  signedAt: string;
  /** Seconds a presigned URL is good for; undefined when the signature stands in the Authorization header. */
  expiresS: number | undefined;
  /** The session token of temporary credentials. */
  sessionToken: string | undefined;
}

const ALGORITHM = "AWS4-HMAC-SHA256";
const MAX_EXPIRES_S = 604_800; // seven days, the limit of presigned URLs

/** Undefined when the request carries no signature. Throws SignatureFault `malformed` when it is broken. */
export function readClaim(head: RequestHead): Claim | undefined {
  const header = head.headers.get("authorization");
  if (header !== undefined) return fromHeader(head, header);
  if (parameter(head, "X-Amz-Algorithm") !== undefined) return fromQuery(head);
  return undefined;
}

function fromHeader(head: RequestHead, header: string): Claim {
  const space = header.indexOf(" ");
  if (header.slice(0, space) !== ALGORITHM) {
    throw new SignatureFault("malformed", `Only ${ALGORITHM} is supported.`);
  }
  const fields = new Map<string, string>();
  for (const part of header.slice(space + 1).split(",")) {
    const mark = part.indexOf("=");
    if (mark > 0) fields.set(part.slice(0, mark).trim(), part.slice(mark + 1).trim());
  }
  return assemble({
    credential: fields.get("Credential"),
    signedHeaders: fields.get("SignedHeaders"),
    signature: fields.get("Signature"),
    signedAt: head.headers.get("x-amz-date"),
    expiresS: undefined,
    sessionToken: head.headers.get("x-amz-security-token"),
  });
}

function fromQuery(head: RequestHead): Claim {
  if (parameter(head, "X-Amz-Algorithm") !== ALGORITHM) {
    throw new SignatureFault("malformed-query", `X-Amz-Algorithm only supports "${ALGORITHM}".`);
  }
  const expires = parameter(head, "X-Amz-Expires") ?? "";
  const expiresS = Number(expires);
  if (!/^\d{1,7}$/.test(expires) || expiresS < 1 || expiresS > MAX_EXPIRES_S) {
    throw new SignatureFault(
      "malformed-query",
      `X-Amz-Expires must be between 1 and ${MAX_EXPIRES_S} seconds.`,
    );
  }
  return assemble({
    credential: parameter(head, "X-Amz-Credential"),
    signedHeaders: parameter(head, "X-Amz-SignedHeaders"),
    signature: parameter(head, "X-Amz-Signature"),
    signedAt: parameter(head, "X-Amz-Date"),
    expiresS,
    sessionToken: parameter(head, "X-Amz-Security-Token"),
  });
}

function assemble(parts: {
  credential: string | undefined;
  signedHeaders: string | undefined;
  signature: string | undefined;
  signedAt: string | undefined;
  expiresS: number | undefined;
  sessionToken: string | undefined;
}): Claim {
  const kind = parts.expiresS === undefined ? "malformed" : "malformed-query";
  const [accessKeyId, day, region, service, terminator, ...rest] = (parts.credential ?? "").split("/");
  if (!accessKeyId || !day || !region || !service || terminator !== "aws4_request" || rest.length > 0) {
    throw new SignatureFault(kind, 'The credential must be "KEY/YYYYMMDD/REGION/SERVICE/aws4_request".');
  }
  if (!parts.signedHeaders) throw new SignatureFault(kind, "The list of signed headers is missing.");
  if (!/^[0-9a-f]{64}$/.test(parts.signature ?? "")) {
    throw new SignatureFault(kind, "The signature must be 64 hexadecimal digits.");
  }
  if (!/^\d{8}T\d{6}Z$/.test(parts.signedAt ?? "")) {
    throw new SignatureFault(kind, "The signing date must have the form YYYYMMDD'T'HHMMSS'Z'.");
  }
  return {
    accessKeyId,
    day,
    region,
    service,
    signedHeaders: parts.signedHeaders.toLowerCase().split(";"),
    signature: parts.signature ?? "",
    signedAt: parts.signedAt ?? "",
    expiresS: parts.expiresS,
    sessionToken: parts.sessionToken,
  };
}
