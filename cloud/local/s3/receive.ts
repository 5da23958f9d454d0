import { createHash, hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { AwsError } from "../aws-error.ts";
import { openBody, type RequestBody } from "./body.ts";
import { field, type S3Call } from "./call.ts";
import { algorithms, DEFAULT_ALGORITHM, startChecksum, type Algorithm } from "./checksums.ts";
import type { S3State } from "./state.ts";
import { storedChecksum } from "./stored-checksum.ts";

/** Up to this size an object's body lies in the database row, which saves a file. */
export const INLINE_BYTES = 64 * 1024;

export interface Received {
  bytes: number;
  /** MD5 in hexadecimal. */
  etag: string;
  /** As in stored-checksum.ts. */
  checksum: string;
  /** Where the body is: one of them is null. */
  file: string | null;
  body: Buffer | null;
}

export interface Expected {
  /** The algorithm whose checksum is kept, when that is not the client's choice. */
  algorithm?: Algorithm;
  /** Refuse other algorithms, in AWS's words for parts of an upload. */
  strict?: boolean;
  /** Bodies up to this size are kept in memory, for the row. */
  inlineBytes: number;
}

/**
 * Takes in a request's body with bounded memory and checks every digest the client gave. A file has its final,
 * opaque name from the start: it becomes a body when a row names it, and is swept at the next start if none does.
 * Throws AwsError `BadDigest` and the like; then nothing is left behind.
 */
export async function receiveBody(call: S3Call, expected: Expected): Promise<Received> {
  const body = openBody(call);
  const sent = algorithmSent(call);
  const kept = expected.algorithm ?? sent ?? DEFAULT_ALGORITHM;
  if (expected.strict && sent !== undefined && sent !== kept) {
    throw new AwsError(
      "InvalidRequest",
      `Checksum Type mismatch occurred, expected checksum Type: ${kept}, actual checksum Type: ${sent}`,
    );
  }
  const wanted = sent === undefined || sent === kept ? [kept] : [kept, sent];
  const taken = await takeIn(call.state, body, wanted, expected.inlineBytes);
  try {
    checkMd5(call, taken.md5);
    if (sent !== undefined) checkChecksum(call, body, sent, taken.checksums.get(sent));
  } catch (error) {
    await discardReceived(call.state, taken);
    throw error;
  }
  const { file, body: inline } = taken;
  const checksum = storedChecksum(kept, taken.checksums.get(kept) ?? "");
  return { bytes: body.bytes, etag: taken.md5, checksum, file, body: inline };
}

/** Removes a body that no row names. */
export async function discardReceived(state: S3State, { file }: { file: string | null }): Promise<void> {
  if (file !== null) await state.bodies.discard([file]);
}

export interface Taken {
  /** In hexadecimal. */
  md5: string;
  checksums: Map<Algorithm, string>;
  file: string | null;
  body: Buffer | null;
}

/** Stores bytes of a known number and computes their digests. */
export async function takeIn(
  state: S3State,
  { bytes, content, whole }: Omit<RequestBody, "trailers">,
  wanted: readonly Algorithm[],
  inlineBytes: number,
): Promise<Taken> {
  const running = wanted.map((name) => ({ name, checksum: startChecksum(name) }));
  const digests = () => new Map(running.map(({ name, checksum }) => [name, checksum.digest()] as const));
  if (bytes <= inlineBytes) {
    const body = await whole();
    for (const { checksum } of running) checksum.update(body);
    return { md5: hash("md5", body, "hex"), checksums: digests(), file: null, body };
  }
  const md5 = createHash("md5");
  const { file, handle } = await state.bodies.create();
  try {
    await writeAll(handle, content, (chunk) => {
      md5.update(chunk);
      for (const { checksum } of running) checksum.update(chunk);
    });
  } catch (error) {
    await state.bodies.discard([file]);
    throw error;
  }
  return { md5: md5.digest("hex"), checksums: digests(), file, body: null };
}

async function writeAll(
  opened: FileHandle,
  content: AsyncIterable<Buffer>,
  seen: (chunk: Buffer) => void,
): Promise<void> {
  await using handle = opened;
  for await (const chunk of content) {
    seen(chunk);
    await handle.writeFile(chunk); // at the current position, all of it
  }
}

/** The one algorithm whose checksum stands in a header or is announced for the trailer. */
export function algorithmSent(call: S3Call): Algorithm | undefined {
  const announced = (field(call, "x-amz-trailer") ?? "").toLowerCase().split(/[\s,]+/);
  const found = algorithms.filter(
    (name) =>
      call.exchange.head.headers.has(`x-amz-checksum-${name}`) ||
      announced.includes(`x-amz-checksum-${name}`),
  );
  if (found.length > 1) {
    throw new AwsError(
      "InvalidRequest",
      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    );
  }
  return found[0];
}

/** `digest` in hexadecimal. Throws AwsError `InvalidDigest` or `BadDigest`. */
export function checkMd5(call: S3Call, digest: string): void {
  const given = call.exchange.head.headers.get("content-md5");
  if (given === undefined) return;
  const expected = Buffer.from(given, "base64");
  if (expected.byteLength !== 16)
    throw new AwsError("InvalidDigest", "The Content-MD5 you specified was invalid.");
  if (expected.toString("hex") !== digest) {
    throw new AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.", {
      ExpectedDigest: given,
      CalculatedDigest: Buffer.from(digest, "hex").toString("base64"),
    });
  }
}

/** Throws AwsError `BadDigest`, `InvalidRequest` or `MalformedTrailerError`. */
export function checkChecksum(
  call: S3Call,
  body: RequestBody,
  algorithm: Algorithm,
  computed: string | undefined,
): void {
  const name = `x-amz-checksum-${algorithm}`;
  const given = body.trailers.get(name) ?? call.exchange.head.headers.get(name);
  if (given === computed) return;
  if (given === undefined)
    throw new AwsError("MalformedTrailerError", `The trailer ${name} was announced and did not come.`);
  if (Buffer.from(given, "base64").byteLength !== Buffer.from(computed ?? "", "base64").byteLength)
    throw new AwsError("InvalidRequest", `Value for ${name} header is invalid.`);
  throw new AwsError(
    "BadDigest",
    `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
  );
}
