import { open, type FileHandle } from "node:fs/promises";
import { validateHeaderValue } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { codeOf } from "../../../../base/errors.ts";
import { AwsError } from "../../aws-error.ts";
import { parameter } from "../../http/head.ts";
import { requireBucket } from "../buckets.ts";
import { field, noSuchKey, type S3Call, type S3Operation } from "../call.ts";
import { checkRead } from "../conditions.ts";
import type { NewObject, ObjectRow } from "../object-table.ts";
import { readRange, type ByteRange } from "../range.ts";

export const headObject: S3Operation = async (call) => {
  const { state, bucket, key } = call;
  const row = await state.group.run(() => {
    requireBucket(state, bucket);
    return state.objects.find(bucket, key);
  });
  if (row === undefined) throw noSuchKey(call);
  checkRead(call.exchange.head.headers, row);
  const range = readRange(call.exchange.head.headers.get("range"), row.bytes);
  call.exchange.request.resume();
  call.exchange.response.writeHead(range === undefined ? 200 : 206, responseHeaders(call, row, range)).end();
};

export const getObject: S3Operation = async (call) => {
  const { row, handle } = await find(call);
  try {
    checkRead(call.exchange.head.headers, row);
    const range = readRange(call.exchange.head.headers.get("range"), row.bytes);
    const headers = responseHeaders(call, row, range);
    const { response, request } = call.exchange;
    request.resume();
    response.writeHead(range === undefined ? 200 : 206, headers);
    const { first, last } = range ?? { first: 0, last: row.bytes - 1 };
    if (handle === undefined) {
      response.end(row.body?.subarray(first, last + 1));
      return;
    }
    await pipeline(handle.createReadStream({ start: first, end: last, autoClose: false }), response);
  } catch (error) {
    // A client that stops reading is none of our business.
    if (codeOf(error) !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  } finally {
    await handle?.close();
  }
};

/** The row and its open body. The file can be replaced between the two; then we look again. */
async function find(call: S3Call): Promise<{ row: NewObject; handle: FileHandle | undefined }> {
  const { state, bucket, key } = call;
  for (;;) {
    const row = await state.group.run(() => {
      requireBucket(state, bucket);
      return state.objects.findWithBody(bucket, key);
    });
    if (row === undefined) throw noSuchKey(call);
    if (row.file === null) return { row, handle: undefined };
    try {
      return { row, handle: await open(join(state.bodies, row.file)) };
    } catch (error) {
      const now = await state.group.run(() => state.objects.find(bucket, key));
      if (codeOf(error) !== "ENOENT" || now?.file === row.file) throw error;
    }
  }
}

/** Throws AwsError `InvalidArgument` for what cannot stand in a header. */
function checkedValue(name: string, value: string): string {
  try {
    validateHeaderValue(name, value);
    return value;
  } catch (error) {
    throw new AwsError("InvalidArgument", `response-${name} is not a valid header value.`, {}, error);
  }
}

const overrides = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
];

function responseHeaders(call: S3Call, row: ObjectRow, range: ByteRange | undefined): Record<string, string> {
  const headers: Record<string, string> = {
    ...(JSON.parse(row.headers) as Record<string, string>),
    etag: `"${row.etag}"`,
    "last-modified": new Date(row.modified_ms).toUTCString(),
    "accept-ranges": "bytes",
    "content-length": String(range === undefined ? row.bytes : range.last - range.first + 1),
  };
  for (const name of overrides) {
    const value = parameter(call.exchange.head, `response-${name}`);
    if (value !== undefined) headers[name] = checkedValue(name, value);
  }
  if (range !== undefined) headers["content-range"] = `bytes ${range.first}-${range.last}/${row.bytes}`;
  const [algorithm, checksum] = row.checksum?.split(":") ?? [];
  // A checksum of the whole object says nothing about a part of it.
  if (algorithm && checksum && range === undefined && field(call, "x-amz-checksum-mode") === "ENABLED") {
    headers[`x-amz-checksum-${algorithm}`] = checksum;
    headers["x-amz-checksum-type"] = "FULL_OBJECT";
  }
  return headers;
}
