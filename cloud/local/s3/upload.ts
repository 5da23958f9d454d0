import { createHash, randomUUID } from "node:crypto";
import { open, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { AwsError } from "../aws-error.ts";
import { openBody, type RequestBody } from "./body.ts";
import { field, type S3Call } from "./call.ts";
import { algorithms, startChecksum, type Algorithm, type Checksum } from "./checksums.ts";
import type { S3State } from "./state.ts";

/** Up to this size a body lies in the database row, which saves a file. */
const INLINE_BYTES = 64 * 1024;

export interface Uploaded {
  bytes: number;
  /** MD5 in hexadecimal. */
  etag: string;
  /** `crc32:BASE64`, or null. */
  checksum: string | null;
  /** Where the body is: one of them is null. */
  file: string | null;
  body: Buffer | null;
}

/**
 * Takes in a request's body with bounded memory and checks every digest the client gave. The file has its final,
 * opaque name from the start: it becomes an object when a row names it, and is swept at the next start if none
 * does. Throws AwsError `BadDigest` and the like; then nothing is left behind.
 */
export async function receiveUpload(call: S3Call): Promise<Uploaded> {
  const body = openBody(call);
  const md5 = createHash("md5");
  const wanted = checksumWanted(call);
  const checksum = wanted && startChecksum(wanted);
  const { file, inline } = await store(call.state, body, (chunk) => {
    md5.update(chunk);
    checksum?.update(chunk);
  });
  try {
    const digest = md5.digest();
    checkMd5(call, digest);
    return {
      bytes: body.bytes,
      etag: digest.toString("hex"),
      checksum: wanted && checksum ? checkChecksum(call, body, wanted, checksum) : null,
      file,
      body: inline,
    };
  } catch (error) {
    await discard(call.state, file);
    throw error;
  }
}

/** Removes a body that no row names. */
export async function discard(state: S3State, file: string | null): Promise<void> {
  if (file !== null) await rm(join(state.bodies, file), { force: true });
}

async function store(
  state: S3State,
  body: RequestBody,
  seen: (chunk: Buffer) => void,
): Promise<{ file: string | null; inline: Buffer | null }> {
  if (body.bytes <= INLINE_BYTES) {
    const chunks: Buffer[] = [];
    for await (const chunk of body.content) {
      seen(chunk);
      chunks.push(chunk);
    }
    return { file: null, inline: Buffer.concat(chunks) };
  }
  const file = randomUUID();
  try {
    await using handle = await open(join(state.bodies, file), "wx", 0o600);
    await writeAll(handle, body.content, seen);
    return { file, inline: null };
  } catch (error) {
    await discard(state, file);
    throw error;
  }
}

async function writeAll(
  handle: FileHandle,
  content: AsyncIterable<Buffer>,
  seen: (chunk: Buffer) => void,
): Promise<void> {
  for await (const chunk of content) {
    seen(chunk);
    await handle.writeFile(chunk); // at the current position, all of it
  }
}

/** The one algorithm whose checksum stands in a header or is announced for the trailer. */
function checksumWanted(call: S3Call): Algorithm | undefined {
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

function checkMd5(call: S3Call, digest: Buffer): void {
  const given = call.exchange.head.headers.get("content-md5");
  if (given === undefined) return;
  const expected = Buffer.from(given, "base64");
  if (expected.byteLength !== 16)
    throw new AwsError("InvalidDigest", "The Content-MD5 you specified was invalid.");
  if (!expected.equals(digest)) {
    throw new AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.", {
      ExpectedDigest: expected.toString("hex"),
      CalculatedDigest: digest.toString("hex"),
    });
  }
}

function checkChecksum(call: S3Call, body: RequestBody, algorithm: Algorithm, checksum: Checksum): string {
  const name = `x-amz-checksum-${algorithm}`;
  const given = body.trailers.get(name) ?? call.exchange.head.headers.get(name);
  const computed = checksum.digest();
  if (given === undefined)
    throw new AwsError("MalformedTrailerError", `The trailer ${name} was announced and did not come.`);
  if (given !== computed) {
    throw new AwsError(
      "BadDigest",
      `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
    );
  }
  return `${algorithm}:${computed}`;
}
