import { createHmac } from "node:crypto";
import type { Clock } from "../../../base/clock.ts";
import { parameter, type RequestHead } from "../http/head.ts";
import { SignatureFault } from "./fault.ts";
import { sameSignature, type CredentialSource } from "./verify.ts";

/** Parameters that are part of what was signed (S3 user guide, "Signing and authenticating REST requests"). */
const signed = new Set(
  (
    "acl cors delete lifecycle location logging notification partNumber policy requestPayment tagging torrent " +
    "uploadId uploads versionId versioning versions website response-cache-control response-content-disposition " +
    "response-content-encoding response-content-language response-content-type response-expires"
  ).split(" "),
);

export const isVersion2Url = (head: RequestHead) =>
  parameter(head, "AWSAccessKeyId") !== undefined && parameter(head, "Signature") !== undefined;

/**
 * Checks a presigned URL of Signature Version 2, which s3cmd still makes, and answers its access key id. `bucket`:
 * the one that stands in the host name, if it does. Throws SignatureFault.
 */
export function verifyVersion2Url(
  head: RequestHead,
  hostBucket: string | undefined,
  find: CredentialSource,
  clock: Clock,
): string {
  const accessKeyId = parameter(head, "AWSAccessKeyId") ?? "";
  const expires = parameter(head, "Expires") ?? "";
  if (!/^\d{1,12}$/.test(expires))
    throw new SignatureFault("missing", "Query-string authentication requires the Expires parameter");
  const credentials = find(accessKeyId);
  if (credentials === undefined) {
    throw new SignatureFault("unknown-key", "The access key id does not exist in this cloud.", {
      AWSAccessKeyId: accessKeyId,
    });
  }
  const token = head.headers.get("x-amz-security-token") ?? parameter(head, "x-amz-security-token") ?? "";
  if (!sameSignature(token, credentials.sessionToken ?? ""))
    throw new SignatureFault("invalid-token", "The provided token is malformed or otherwise invalid.");
  if (credentials.expiresMs !== undefined && clock.now() >= credentials.expiresMs)
    throw new SignatureFault("expired-token", "The provided token has expired.");
  if (clock.now() > Number(expires) * 1000) throw new SignatureFault("expired", "Request has expired");
  const text = stringToSign(head, hostBucket, expires);
  const expected = createHmac("sha1", credentials.secretAccessKey).update(text).digest("base64");
  if (sameSignature(expected, parameter(head, "Signature") ?? "")) return accessKeyId;
  throw new SignatureFault(
    "mismatch",
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    { AWSAccessKeyId: accessKeyId, StringToSign: text },
  );
}

function stringToSign(head: RequestHead, hostBucket: string | undefined, expires: string): string {
  const { headers, query } = head;
  const amz = [...headers, ...query.filter(([name]) => name === "x-amz-security-token")]
    .filter(([name]) => name.startsWith("x-amz-"))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value}\n`);
  const resources = query
    .filter(([name]) => signed.has(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === "" ? name : `${name}=${value}`));
  const path = `${hostBucket === undefined ? "" : `/${hostBucket}`}${head.rawPath}`;
  return [
    head.method,
    headers.get("content-md5") ?? "",
    headers.get("content-type") ?? "",
    expires,
    amz.join("") + path + (resources.length === 0 ? "" : `?${resources.join("&")}`),
  ].join("\n");
}
