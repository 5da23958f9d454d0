import { AwsError } from "../../aws-error.ts";
import { parameter } from "../../http/head.ts";
import { requireBucket } from "../buckets.ts";
import { isoTime, OWNER, readNumber, respondXml, type S3Call, type S3Operation } from "../call.ts";
import { listKeys, type Listing } from "../listing.ts";
import type { ObjectHead } from "../object-table.ts";
import { readChecksum } from "../stored-checksum.ts";
import { urlEncodeKey } from "../url-encode.ts";

const MAX_KEYS = 1000;

/** Version 1: goes on from the last entry, which the client names as `marker`. */
export const listObjects: S3Operation = async (call) => {
  const asked = readQuestion(call, "marker");
  const listing = await list(call, asked, undefined);
  const { show } = asked;
  respondXml(call, "ListBucketResult", {
    Name: call.bucket,
    Prefix: show(asked.prefix),
    Marker: show(asked.after ?? ""),
    MaxKeys: asked.max,
    Delimiter: asked.delimiter && show(asked.delimiter),
    EncodingType: asked.encoding,
    IsTruncated: listing.next !== undefined,
    // Without a delimiter the client takes the last key.
    NextMarker: listing.next && asked.delimiter ? show(lastOf(listing)) : undefined,
    ...entries(listing, show, true),
  });
};

export const listObjectsV2: S3Operation = async (call) => {
  const asked = readQuestion(call, "start-after");
  const token = parameter(call.exchange.head, "continuation-token");
  const listing = await list(call, asked, token === undefined ? undefined : readToken(token));
  const { show } = asked;
  respondXml(call, "ListBucketResult", {
    Name: call.bucket,
    Prefix: show(asked.prefix),
    Delimiter: asked.delimiter && show(asked.delimiter),
    StartAfter: asked.after && show(asked.after),
    EncodingType: asked.encoding,
    MaxKeys: asked.max,
    KeyCount: listing.objects.length + listing.prefixes.length,
    IsTruncated: listing.next !== undefined,
    ContinuationToken: token,
    NextContinuationToken: listing.next && writeToken(listing.next),
    ...entries(listing, show, parameter(call.exchange.head, "fetch-owner") === "true"),
  });
};

interface Question {
  prefix: string;
  delimiter: string | undefined;
  after: string | undefined;
  max: number;
  encoding: string | undefined;
  show: (key: string) => string;
}

function readQuestion(call: S3Call, start: "marker" | "start-after"): Question {
  const get = (name: string) => parameter(call.exchange.head, name);
  const encoding = get("encoding-type");
  return {
    prefix: get("prefix") ?? "",
    delimiter: get("delimiter"),
    after: get(start),
    max: readNumber(call, "max-keys", MAX_KEYS, MAX_KEYS),
    encoding,
    show: encoder(encoding),
  };
}

/** How keys are shown. Throws AwsError `InvalidArgument`. */
export function encoder(encoding: string | undefined): (key: string) => string {
  if (encoding === undefined || encoding === "") return (key) => key;
  if (encoding === "url") return urlEncodeKey;
  throw new AwsError("InvalidArgument", "Invalid Encoding Method specified in Request");
}

function list({ state, bucket }: S3Call, asked: Question, from: Buffer | undefined): Promise<Listing> {
  return state.group.run(() => {
    requireBucket(state, bucket);
    return listKeys(state.objects, {
      bucket,
      prefix: Buffer.from(asked.prefix),
      delimiter: Buffer.from(asked.delimiter ?? ""),
      after: Buffer.from(asked.after ?? ""),
      from,
      max: asked.max,
    });
  });
}

function entries(listing: Listing, show: (key: string) => string, withOwner: boolean) {
  return {
    Contents: listing.objects.map((row) => ({
      Key: show(textOf(row)),
      LastModified: isoTime(row.modified_ms),
      ETag: `"${row.etag}"`,
      ChecksumAlgorithm: readChecksum(row.checksum)?.algorithm.toUpperCase(),
      ChecksumType: readChecksum(row.checksum)?.type,
      Size: row.bytes,
      Owner: withOwner ? OWNER : undefined,
      StorageClass: "STANDARD",
    })),
    CommonPrefixes: listing.prefixes.map((prefix) => ({ Prefix: show(prefix.toString()) })),
  };
}

const textOf = (row: ObjectHead) => Buffer.from(row.key).toString();

/** The last entry in byte order, key or group. */
function lastOf({ objects, prefixes }: Listing): string {
  const key = objects.at(-1)?.key ?? Buffer.alloc(0);
  const group = prefixes.at(-1) ?? Buffer.alloc(0);
  return Buffer.from(Buffer.compare(key, group) > 0 ? key : group).toString();
}

/** A mark at its begin, so that something else is known as such. */
const TOKEN = /^1\.([\w-]+)$/;
const writeToken = (next: Buffer) => `1.${next.toString("base64url")}`;

/** The bytes at which the listing goes on. Throws AwsError `InvalidArgument`. */
function readToken(token: string): Buffer {
  const [, next] = TOKEN.exec(token) ?? [];
  if (next !== undefined) return Buffer.from(next, "base64url");
  throw new AwsError("InvalidArgument", "The continuation token provided is incorrect");
}
