import type { RequestHead } from "../http/head.ts";
import type { Claim } from "./claim.ts";

/** The canonical request of Signature Version 4, whose hash is what gets signed. Throws URIError on a bad path. */
export function canonicalRequest(head: RequestHead, claim: Claim, payloadHash: string): string {
  const headers = claim.signedHeaders
    .map((name) => `${name}:${collapse(head.headers.get(name) ?? "")}\n`)
    .join("");
  return [
    head.method,
    canonicalPath(head.rawPath),
    canonicalQuery(head),
    headers,
    claim.signedHeaders.join(";"),
    payloadHash,
  ].join("\n");
}

/** Encoded once, dots and double slashes kept: S3's rule. SQS paths hold nothing that would be encoded twice. */
function canonicalPath(rawPath: string): string {
  if (!rawPath.includes("%") && /^[\w\-.~/]*$/.test(rawPath)) return rawPath;
  return rawPath
    .split("/")
    .map((part) => awsEncode(decodeURIComponent(part)))
    .join("/");
}

function canonicalQuery(head: RequestHead): string {
  if (head.query.length === 0) return "";
  return head.query
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => [awsEncode(name), awsEncode(value)] as const)
    .toSorted(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b));

/** The blanks around a value are gone; JavaScript's `trim` would take bytes of UTF-8 with them. */
const collapse = (value: string) => value.replaceAll(/ +/g, " ");

/** Percent-encodes everything but the unreserved characters of RFC 3986. */
export function awsEncode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
