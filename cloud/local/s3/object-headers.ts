import { validateHeaderValue } from "node:http";
import { AwsError } from "../aws-error.ts";
import { parameter } from "../http/head.ts";
import { field, type S3Call } from "./call.ts";
import type { ObjectRow } from "./object-table.ts";
import type { ByteRange } from "./range.ts";
import { checksumHeaders } from "./stored-checksum.ts";

/** Headers that a reader may ask for in place of the stored ones, as `response-NAME`. */
const overrides = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
];

/** The headers of an answer to GET or HEAD. Throws AwsError `InvalidArgument`. */
export function objectHeaders(
  call: S3Call,
  row: ObjectRow,
  range: ByteRange | undefined,
): Record<string, string> {
  const headers: Record<string, string> = {
    ...(JSON.parse(row.headers) as Record<string, string>),
    etag: `"${row.etag}"`,
    "last-modified": new Date(row.modified_ms).toUTCString(),
    "accept-ranges": "bytes",
    "x-amz-server-side-encryption": "AES256",
    "content-length": String(range === undefined ? row.bytes : range.last - range.first + 1),
  };
  for (const name of call.exchange.head.query.length === 0 ? [] : overrides) {
    const value = parameter(call.exchange.head, `response-${name}`);
    if (value !== undefined) headers[name] = checkedValue(name, value);
  }
  if (range !== undefined) headers["content-range"] = `bytes ${range.first}-${range.last}/${row.bytes}`;
  // A checksum of the whole object says nothing about a part of it.
  if (range === undefined && field(call, "x-amz-checksum-mode")?.toUpperCase() === "ENABLED") {
    Object.assign(headers, checksumHeaders(row.checksum));
  }
  return headers;
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
