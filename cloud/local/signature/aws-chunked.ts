import { createHash } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import type { SigningKey } from "./signing-key.ts";
import { sameSignature } from "./verify.ts";

/** What the signatures of chunks are made from; the first builds on the request's own. */
export interface ChunkSignatures {
  signingKey: SigningKey;
  signedAt: string;
  scope: string;
  signature: string;
  /** Whether signed trailing headers follow the last chunk. */
  trailer: boolean;
}

const MAX_LINE_BYTES = 4096; // a chunk's size and signature take about 100 bytes, a trailer with a checksum as well
const MAX_TRAILERS = 16;
const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/**
 * Decodes `Content-Encoding: aws-chunked`
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html):
 * `SIZE[;chunk-signature=…] CRLF bytes CRLF`, ended by a chunk of size 0, then trailing headers into `trailers`.
 * Data is passed on before its chunk's signature is known: a consumer must drop everything when this throws
 * AwsError `SignatureDoesNotMatch` or `IncompleteBody`.
 */
export async function* decodeChunks(
  source: AsyncIterable<Buffer>,
  signatures: ChunkSignatures | undefined,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  const reader = new Reader(source);
  let previous = signatures?.signature ?? "";
  for (;;) {
    const { size, signature } = readSize(await reader.line());
    const sha256 = signatures && createHash("sha256");
    for (let left = size; left > 0;) {
      const piece = await reader.some(left);
      sha256?.update(piece);
      left -= piece.byteLength;
      yield piece;
    }
    if (signatures && sha256) {
      const hash = `${EMPTY_SHA256}\n${sha256.digest("hex")}`;
      previous = check(signatures, "AWS4-HMAC-SHA256-PAYLOAD", previous, hash, signature);
    }
    if (size === 0) break;
    if ((await reader.line()) !== "") throw broken("a chunk is longer than it said");
  }
  const signature = await readTrailers(reader, trailers);
  if (signatures?.trailer) {
    const text = [...trailers].map(([name, value]) => `${name}:${value}\n`).join("");
    const hash = createHash("sha256").update(text).digest("hex");
    check(signatures, "AWS4-HMAC-SHA256-TRAILER", previous, hash, signature);
  }
}

function readSize(line: string): { size: number; signature: string } {
  const match = /^([0-9a-f]{1,13})(?:;chunk-signature=([0-9a-f]{64}))?$/i.exec(line);
  if (match?.[1] === undefined) throw broken("a chunk does not start with its size");
  return { size: Number.parseInt(match[1], 16), signature: match[2] ?? "" };
}

/** Reads to the end of the body; answers the trailer's signature, or "". */
async function readTrailers(reader: Reader, trailers: Map<string, string>): Promise<string> {
  let signature = "";
  for (let line = await reader.lastLine(); line !== ""; line = await reader.lastLine()) {
    const mark = line.indexOf(":");
    const name = line.slice(0, mark).trim().toLowerCase();
    const value = line.slice(mark + 1).trim();
    if (mark < 1 || trailers.size >= MAX_TRAILERS) throw broken("a trailing header is not one");
    if (name === "x-amz-trailer-signature") signature = value;
    else trailers.set(name, value);
  }
  return signature;
}

/** Answers the signature, on which the next one builds. */
function check(
  { signingKey, signedAt, scope }: ChunkSignatures,
  algorithm: string,
  previous: string,
  hash: string,
  given: string,
): string {
  const expected = signingKey.sign(`${algorithm}\n${signedAt}\n${scope}\n${previous}\n${hash}`);
  if (sameSignature(expected, given)) return expected;
  throw new AwsError(
    "SignatureDoesNotMatch",
    "The chunk signature we calculated does not match the one you provided.",
  );
}

const broken = (reason: string) =>
  new AwsError("IncompleteBody", `The request body is not valid aws-chunked data: ${reason}.`);

/** Takes lines and pieces from a stream of buffers, holding at most one buffer and one line. */
class Reader {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async #fill(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done) return false;
    this.#rest = this.#rest.byteLength === 0 ? next.value : Buffer.concat([this.#rest, next.value]);
    return true;
  }

  /** A line without its CRLF. */
  async line(): Promise<string> {
    const line = await this.#lineOrEnd();
    if (line === undefined) throw broken("it ends too early");
    return line;
  }

  /** As `line`; the end of the body counts as an empty line, since clients differ there. */
  async lastLine(): Promise<string> {
    return (await this.#lineOrEnd()) ?? "";
  }

  async #lineOrEnd(): Promise<string | undefined> {
    for (;;) {
      const end = this.#rest.indexOf("\r\n");
      if (end >= 0) {
        const line = this.#rest.toString("latin1", 0, end);
        this.#rest = this.#rest.subarray(end + 2);
        return line;
      }
      if (this.#rest.byteLength > MAX_LINE_BYTES) throw broken("a line is too long");
      if (await this.#fill()) continue;
      if (this.#rest.byteLength === 0) return undefined;
      throw broken("it ends within a line");
    }
  }

  /** At least one and at most `max` bytes. */
  async some(max: number): Promise<Buffer> {
    while (this.#rest.byteLength === 0) if (!(await this.#fill())) throw broken("it ends too early");
    const piece = this.#rest.subarray(0, max);
    this.#rest = this.#rest.subarray(piece.byteLength);
    return piece;
  }
}
