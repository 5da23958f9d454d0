import { pipeline } from "node:stream/promises";
import { codeOf } from "../../../../base/errors.ts";
import { AwsError } from "../../aws-error.ts";
import { parameter } from "../../http/head.ts";
import type { Segment } from "../bodies.ts";
import { requireBucket } from "../buckets.ts";
import { noSuchKey, type S3Call, type S3Operation } from "../call.ts";
import { checkRead } from "../conditions.ts";
import { objectHeaders } from "../object-headers.ts";
import type { NewObject, ObjectRow } from "../object-table.ts";
import { segmentsOf } from "../objects.ts";
import { readRange, type ByteRange } from "../range.ts";

export const headObject: S3Operation = async (call) => {
  const { state, bucket, key, exchange } = call;
  const { row, part } = await state.group.run(() => {
    requireBucket(state, bucket);
    const found = state.objects.find(bucket, key);
    return { row: found, part: found && partOf(call, found) };
  });
  if (row === undefined) throw noSuchKey(call);
  const { status, headers } = answerTo(call, row, part);
  exchange.request.resume();
  exchange.response.writeHead(status, headers).end();
};

export const getObject: S3Operation = async (call) => {
  const { row, segments, part, release } = await find(call);
  try {
    const { status, headers, range } = answerTo(call, row, part);
    const { response, request } = call.exchange;
    request.resume();
    const { first, last } = range ?? { first: 0, last: row.bytes - 1 };
    if (row.body !== null) {
      call.exchange.respond(status, headers, row.body.subarray(first, last + 1));
      return;
    }
    const chunks = call.state.bodies.read(segments, first, last);
    const start = await chunks.next(); // a body that cannot be read is an error, not half an answer
    response.writeHead(status, headers);
    if (start.done) response.end();
    else {
      response.write(start.value);
      await pipeline(chunks, response);
    }
  } catch (error) {
    // A client that stops reading is none of our business.
    if (codeOf(error) !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  } finally {
    await release?.();
  }
};

/** The row and the files of its body, which stay until `release` even when the object is replaced meanwhile. */
function find(call: S3Call): Promise<{
  row: NewObject;
  segments: readonly Segment[];
  part: Part | undefined;
  release: (() => Promise<void>) | undefined;
}> {
  const { state, bucket, key } = call;
  return state.group.run(() => {
    requireBucket(state, bucket);
    const row = state.objects.findWithBody(bucket, key);
    if (row === undefined) throw noSuchKey(call);
    const part = partOf(call, row);
    if (row.body !== null) return { row, segments: [], part, release: undefined };
    const segments = segmentsOf(state, row);
    return { row, segments, part, release: state.bodies.hold(segments) };
  });
}

interface Part {
  /** Undefined for an empty part. */
  range: ByteRange | undefined;
  /** Number of parts; undefined when the object was not uploaded in parts. */
  count: number | undefined;
}

/** The part that `partNumber` asks for. Inside a transaction. Throws AwsError `InvalidArgument`, `InvalidPartNumber`. */
function partOf({ state, exchange }: S3Call, row: ObjectRow): Part | undefined {
  const text = parameter(exchange.head, "partNumber");
  if (text === undefined) return undefined;
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > 10_000) {
    throw new AwsError("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive");
  }
  if (exchange.head.headers.has("range")) {
    throw new AwsError("InvalidRequest", "Cannot specify both Range header and partNumber query parameter");
  }
  const parts = row.upload === null ? [row] : segmentsOf(state, row);
  const bytes = parts[number - 1]?.bytes;
  if (bytes === undefined) {
    throw new AwsError("InvalidPartNumber", "The requested partnumber is not satisfiable", {
      ActualPartCount: String(parts.length),
      PartNumberRequested: text,
    });
  }
  const first = parts.slice(0, number - 1).reduce((sum, part) => sum + part.bytes, 0);
  return {
    range: bytes === 0 ? undefined : { first, last: first + bytes - 1 },
    count: row.upload === null ? undefined : parts.length,
  };
}

function answerTo(call: S3Call, row: ObjectRow, part: Part | undefined) {
  checkRead(call.exchange.head.headers, row);
  const range =
    part === undefined ? readRange(call.exchange.head.headers.get("range"), row.bytes) : part.range;
  const headers = objectHeaders(call, row, range);
  if (part?.count !== undefined) headers["x-amz-mp-parts-count"] = String(part.count);
  return { status: range === undefined ? 200 : 206, headers, range };
}
