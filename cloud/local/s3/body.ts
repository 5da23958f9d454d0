import { createHash } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import { chunksOf } from "../http/exchange.ts";
import { decodeChunks, type ChunkSignatures } from "../signature/aws-chunked.ts";
import { field, type S3Call } from "./call.ts";

/** Largest body of one PUT: 5 GiB. */
const MAX_OBJECT_BYTES = 5 * 1024 ** 3;

export interface RequestBody {
  /** Length of the decoded body, as the client declared it. */
  bytes: number;
  /** The decoded body. Ends with an AwsError when it is not what the client declared or signed. */
  content: AsyncIterable<Buffer>;
  /** Trailing headers, complete when `content` has ended. */
  trailers: ReadonlyMap<string, string>;
}

/** Reads a request's body as its signature says. Throws AwsError on declarations that cannot be. */
export function openBody(call: S3Call): RequestBody {
  const { payloadHash, exchange } = call;
  const trailers = new Map<string, string>();
  const source = chunksOf(exchange.request);
  if (payloadHash.startsWith("STREAMING-")) {
    const bytes = declared(exchange.head.headers.get("x-amz-decoded-content-length"));
    const content = decodeChunks(source, chunkSignatures(call), trailers);
    return { bytes, content: exactly(content, bytes), trailers };
  }
  const bytes = declared(exchange.head.headers.get("content-length"));
  const content = payloadHash === "UNSIGNED-PAYLOAD" ? source : hashed(source, payloadHash);
  return { bytes, content: exactly(content, bytes), trailers };
}

function declared(length: string | undefined): number {
  if (length === undefined || !/^\d{1,15}$/.test(length)) {
    throw new AwsError("MissingContentLength", "You must provide the Content-Length HTTP header.");
  }
  const bytes = Number(length);
  if (bytes > MAX_OBJECT_BYTES) {
    throw new AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", {
      ProposedSize: length,
      MaxSizeAllowed: String(MAX_OBJECT_BYTES),
    });
  }
  return bytes;
}

function chunkSignatures(call: S3Call): ChunkSignatures | undefined {
  const { verified } = call;
  if (verified === undefined)
    throw new AwsError("InvalidRequest", "The body's chunks cannot be signed here.");
  switch (call.payloadHash) {
    case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
      return undefined;
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
      return { ...verified, trailer: false };
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
      return { ...verified, trailer: field(call, "x-amz-trailer") !== undefined };
    default:
      throw new AwsError("NotImplemented", `x-amz-content-sha256 '${call.payloadHash}' is not supported.`);
  }
}

async function* exactly(content: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let seen = 0;
  for await (const chunk of content) {
    seen += chunk.byteLength;
    if (seen > bytes) break;
    yield chunk;
  }
  if (seen === bytes) return;
  throw new AwsError(
    "IncompleteBody",
    "You did not provide the number of bytes specified by the Content-Length HTTP header.",
  );
}

async function* hashed(content: AsyncIterable<Buffer>, expected: string): AsyncGenerator<Buffer> {
  const sha256 = createHash("sha256");
  for await (const chunk of content) {
    sha256.update(chunk);
    yield chunk;
  }
  const computed = sha256.digest("hex");
  if (computed === expected) return;
  throw new AwsError(
    "XAmzContentSHA256Mismatch",
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    {
      ClientComputedContentSHA256: expected,
      S3ComputedContentSHA256: computed,
    },
  );
}
