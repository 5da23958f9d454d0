import { AwsError } from "../../aws-error.ts";
import { parameter } from "../../http/head.ts";
import { awsEncode } from "../../signature/canonical.ts";
import { requireBucket } from "../buckets.ts";
import { isoTime, respondXml, type S3Call, type S3Operation } from "../call.ts";
import { listKeys, type Listing } from "../listing.ts";

const MAX_KEYS = 1000;

export const listObjectsV2: S3Operation = async (call) => {
  const { state, bucket, exchange } = call;
  const get = (name: string) => parameter(exchange.head, name);
  const maxKeys = readMax(get("max-keys"));
  const token = get("continuation-token");
  const [prefix, delimiter, startAfter] = [get("prefix"), get("delimiter"), get("start-after")];
  const from = token === undefined ? undefined : readToken(token);
  const listing = await state.group.run(() => {
    requireBucket(state, bucket);
    return listKeys(state.objects, {
      bucket,
      prefix: Buffer.from(prefix ?? ""),
      delimiter: Buffer.from(delimiter ?? ""),
      after: Buffer.from(startAfter ?? ""),
      from,
      max: maxKeys,
    });
  });
  respondXml(call, "ListBucketResult", {
    Name: bucket,
    ...present(call, listing, { prefix: prefix ?? "", delimiter, startAfter }),
    MaxKeys: maxKeys,
    KeyCount: listing.objects.length + listing.prefixes.length,
    IsTruncated: listing.next !== undefined,
    ContinuationToken: token,
    NextContinuationToken: listing.next?.toString("base64url"),
  });
};

function present(
  call: S3Call,
  listing: Listing,
  asked: { prefix: string; delimiter: string | undefined; startAfter: string | undefined },
) {
  const encoding = parameter(call.exchange.head, "encoding-type");
  if (encoding !== undefined && encoding !== "url") {
    throw new AwsError("InvalidArgument", "Invalid Encoding Method specified in Request");
  }
  // As S3 does it: everything but unreserved characters and the slash.
  const show = (text: string) => (encoding === "url" ? awsEncode(text).replaceAll("%2F", "/") : text);
  return {
    Prefix: show(asked.prefix),
    Delimiter: asked.delimiter && show(asked.delimiter),
    StartAfter: asked.startAfter && show(asked.startAfter),
    EncodingType: encoding,
    Contents: listing.objects.map((row) => ({
      Key: show(Buffer.from(row.key).toString()),
      LastModified: isoTime(row.modified_ms),
      ETag: `"${row.etag}"`,
      Size: row.bytes,
      StorageClass: "STANDARD",
    })),
    CommonPrefixes: listing.prefixes.map((prefix) => ({ Prefix: show(prefix.toString()) })),
  };
}

function readMax(text: string | undefined): number {
  if (text === undefined || text === "") return MAX_KEYS;
  if (/^\d{1,10}$/.test(text)) return Math.min(Number(text), MAX_KEYS);
  throw new AwsError("InvalidArgument", "Provided max-keys not an integer or within integer range");
}

/** The bytes at which the listing goes on. */
function readToken(token: string): Buffer {
  if (/^[\w-]+$/.test(token)) return Buffer.from(token, "base64url");
  throw new AwsError("InvalidArgument", "The continuation token provided is incorrect");
}
