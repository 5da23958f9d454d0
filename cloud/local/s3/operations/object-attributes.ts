import { AwsError } from "../../aws-error.ts";
import { requireBucket } from "../buckets.ts";
import { noSuchKey, respondXml, type S3Call, type S3Operation } from "../call.ts";
import { MAX_PARTS } from "../objects.ts";
import { checksumElement, readChecksum } from "../stored-checksum.ts";
import type { PartRow } from "../upload-table.ts";

const MAX_LISTED = 1000;
const names = new Set(["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]);

export const getObjectAttributes: S3Operation = async (call) => {
  const { state, bucket, key, exchange } = call;
  const asked = new Set(
    (exchange.head.headers.get("x-amz-object-attributes") ?? "").split(",").map((name) => name.trim()),
  );
  if ([...asked].some((name) => !names.has(name)))
    throw new AwsError("InvalidArgument", "Invalid attribute name specified.");
  const { row, parts } = await state.group.run(() => {
    requireBucket(state, bucket);
    const found = state.objects.find(bucket, key);
    if (found === undefined) throw noSuchKey(call);
    return {
      row: found,
      parts: found.upload === null ? [] : state.uploads.parts(found.upload, 0, MAX_PARTS),
    };
  });
  respondXml(
    call,
    "GetObjectAttributesResponse",
    {
      ETag: asked.has("ETag") ? row.etag : undefined,
      Checksum:
        asked.has("Checksum") && readChecksum(row.checksum) !== undefined
          ? { ...checksumElement(row.checksum), ChecksumType: readChecksum(row.checksum)?.type }
          : undefined,
      ObjectParts: asked.has("ObjectParts") && parts.length > 0 ? describeParts(call, parts) : undefined,
      StorageClass: asked.has("StorageClass") ? "STANDARD" : undefined,
      ObjectSize: asked.has("ObjectSize") ? row.bytes : undefined,
    },
    { "last-modified": new Date(row.modified_ms).toUTCString() },
  );
};

function describeParts({ exchange }: S3Call, parts: readonly PartRow[]) {
  const marker = Number(exchange.head.headers.get("x-amz-part-number-marker") ?? "0");
  const max = Math.min(Number(exchange.head.headers.get("x-amz-max-parts") ?? MAX_LISTED), MAX_LISTED);
  const left = parts.filter(({ number }) => number > marker);
  const page = left.slice(0, max);
  return {
    PartsCount: parts.length,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: max,
    IsTruncated: left.length > page.length,
    // Parts without a checksum are counted and not listed (API reference, GetObjectAttributes).
    Part: page
      .filter(({ checksum }) => checksum !== null)
      .map(({ number, bytes, checksum }) => ({
        PartNumber: number,
        Size: bytes,
        ...checksumElement(checksum),
      })),
  };
}
