import { AwsError } from "../aws-error.ts";
import type { Segment } from "./bodies.ts";
import { collect } from "./body.ts";
import { requireBucket } from "./buckets.ts";
import { field, type S3Call } from "./call.ts";
import type { Algorithm } from "./checksums.ts";
import { checkRead } from "./conditions.ts";
import type { NewObject } from "./object-table.ts";
import { segmentsOf } from "./objects.ts";
import type { ByteRange } from "./range.ts";
import { takeIn, type Received } from "./receive.ts";
import type { S3State } from "./state.ts";
import { readChecksum, storedChecksum } from "./stored-checksum.ts";

/** Largest object, or part of one, that one request can copy: 5 GiB. */
const MAX_COPY_BYTES = 5 * 1024 ** 3;
const CONDITION = "x-amz-copy-source-";

export interface Source {
  row: NewObject;
  segments: readonly Segment[];
  /** Lets the body go. */
  release: () => Promise<void>;
}

/**
 * The object that a copy reads, its conditions checked; its body stays until `release`. Throws AwsError
 * `InvalidArgument`, `NoSuchBucket`, `NoSuchKey`, `PreconditionFailed`.
 */
export async function openSource(call: S3Call): Promise<Source> {
  const { state } = call;
  const { bucket, key } = readSource(call);
  return await state.group.run(() => {
    requireBucket(state, bucket);
    const row = state.objects.findWithBody(bucket, key);
    if (row === undefined) {
      throw new AwsError("NoSuchKey", "The specified key does not exist.", { Key: key.toString() });
    }
    checkConditions(call, row);
    const segments = segmentsOf(state, row);
    return { row, segments, release: state.bodies.hold(segments) };
  });
}

/** `bucket/key`, with or without a slash before it, percent-encoded in whole or in parts. */
function readSource(call: S3Call): { bucket: string; key: Buffer } {
  const header = field(call, "x-amz-copy-source") ?? "";
  const [encoded = "", version] = header.split("?versionId=");
  if (version !== undefined && version !== "null") {
    throw new AwsError("InvalidArgument", "Invalid version id specified", {
      ArgumentName: "versionId",
      ArgumentValue: version,
    });
  }
  const path = decode(encoded).replace(/^\//, "");
  const slash = path.indexOf("/");
  if (slash < 1 || slash === path.length - 1) {
    throw new AwsError(
      "InvalidArgument",
      "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
    );
  }
  return { bucket: path.slice(0, slash), key: Buffer.from(path.slice(slash + 1)) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new AwsError("InvalidArgument", "Invalid copy source encoding.", {}, error);
  }
}

/** As those of a read; but a copy that finds nothing new is refused (412), where a read answers 304. */
function checkConditions(call: S3Call, row: NewObject): void {
  const conditions = new Map<string, string>();
  for (const name of ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"]) {
    const value = field(call, CONDITION + name);
    if (value !== undefined) conditions.set(name, value);
  }
  try {
    checkRead(conditions, row, CONDITION);
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== "NotModified") throw error;
    throw new AwsError(
      "PreconditionFailed",
      "At least one of the pre-conditions you specified did not hold",
      {
        Condition: `${CONDITION}${conditions.has("if-none-match") ? "If-None-Match" : "If-Modified-Since"}`,
      },
    );
  }
}

/** Copies a source's bytes, or shares its file when nothing new is to be known of them. */
export async function copyBody(
  state: S3State,
  { row, segments }: Source,
  algorithm: Algorithm,
  inlineBytes: number,
  range?: ByteRange,
): Promise<Received> {
  const { first, last } = range ?? { first: 0, last: row.bytes - 1 };
  const bytes = last - first + 1;
  if (bytes > MAX_COPY_BYTES) {
    throw new AwsError(
      "InvalidRequest",
      `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_COPY_BYTES}`,
    );
  }
  const known =
    bytes === row.bytes && row.upload === null && readChecksum(row.checksum)?.algorithm === algorithm;
  if (known && row.checksum !== null) {
    const { etag, checksum } = row;
    if (row.file !== null)
      return { bytes, etag, checksum, file: await state.bodies.duplicate(row.file), body: null };
    if (bytes <= inlineBytes) return { bytes, etag, checksum, file: null, body: Buffer.from(row.body ?? []) };
  }
  const content =
    row.body === null ? state.bodies.read(segments, first, last) : [row.body.subarray(first, last + 1)];
  const pieces = chunks(content);
  const body = { bytes, content: pieces, whole: () => collect(pieces) };
  const taken = await takeIn(state, body, [algorithm], inlineBytes);
  const checksum = storedChecksum(algorithm, taken.checksums.get(algorithm) ?? "");
  return { bytes, etag: taken.md5, checksum, file: taken.file, body: taken.body };
}

async function* chunks(content: AsyncIterable<Buffer> | readonly Uint8Array[]): AsyncGenerator<Buffer> {
  for await (const chunk of content) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
