import { createHash, hash } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import { chunksOf, readBody } from "../http/exchange.ts";
import { decodeChunks, type ChunkSignatures } from "../signature/aws-chunked.ts";
import { field, type S3Call } from "./call.ts";

/** Largest body of one PUT: 5 GiB. */
const MAX_OBJECT_BYTES = 5 * 1024 ** 3;

export interface RequestBody {
  /** Length of the decoded body, as the client declared it. */
  bytes: number;
  /** The decoded body. Ends with an AwsError when it is not what the client declared or signed. */
  content: AsyncIterable<Buffer>;
  /** The same at once, in place of `content`: for bodies small enough for memory. */
  whole: () => Promise<Buffer>;
  /** Trailing headers, complete when `content` has ended. */
  trailers: ReadonlyMap<string, string>;
}

/** Opens a request's body as its signature says. Throws AwsError on declarations that cannot be. */
export function openBody(call: S3Call): RequestBody {
  return call.payloadHash.startsWith("STREAMING-") ? openChunked(call) : openPlain(call);
}

function openChunked(call: S3Call): RequestBody {
  const { exchange } = call;
  const trailers = new Map<string, string>();
  const bytes = declared(exchange.head.headers.get("x-amz-decoded-content-length"));
  const chunks = decodeChunks(chunksOf(exchange.request), chunkSignatures(call), trailers);
  const content = exactly(chunks, bytes);
  return { bytes, content, whole: () => collect(content), trailers };
}

function openPlain({ payloadHash, exchange }: S3Call): RequestBody {
  const { request, head } = exchange;
  const bytes = declared(head.headers.get("content-length"));
  const signed = payloadHash === "UNSIGNED-PAYLOAD" ? undefined : payloadHash;
  const source = () => (signed === undefined ? chunksOf(request) : hashed(chunksOf(request), signed));
  return {
    bytes,
    content: exactly(source, bytes),
    whole: async () => {
      const body = await readBody(request, bytes);
      if (body.byteLength !== bytes) throw incomplete();
      if (signed !== undefined) checkHash(signed, hash("sha256", body, "hex"));
      return body;
    },
    trailers: new Map(),
  };
}

export async function collect(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
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

async function* exactly(
  source: AsyncIterable<Buffer> | (() => AsyncIterable<Buffer>),
  bytes: number,
): AsyncGenerator<Buffer> {
  let seen = 0;
  for await (const chunk of typeof source === "function" ? source() : source) {
    seen += chunk.byteLength;
    if (seen > bytes) break;
    yield chunk;
  }
  if (seen !== bytes) throw incomplete();
}

const incomplete = () =>
  new AwsError(
    "IncompleteBody",
    "You did not provide the number of bytes specified by the Content-Length HTTP header.",
  );

async function* hashed(content: AsyncIterable<Buffer>, expected: string): AsyncGenerator<Buffer> {
  const sha256 = createHash("sha256");
  for await (const chunk of content) {
    sha256.update(chunk);
    yield chunk;
  }
  checkHash(expected, sha256.digest("hex"));
}

function checkHash(expected: string, computed: string): void {
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
