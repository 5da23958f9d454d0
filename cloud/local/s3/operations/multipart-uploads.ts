import { parameter } from "../../http/head.ts";
import { requireBucket } from "../buckets.ts";
import { isoTime, OWNER, readNumber, respondEmpty, respondXml, type S3Operation } from "../call.ts";
import { checksumElement } from "../stored-checksum.ts";
import { listUploads } from "../upload-listing.ts";
import { dropUpload, requireUpload, uploadIdOf } from "../uploads.ts";
import { encoder } from "./list-objects.ts";

const MAX_LISTED = 1000;

export const abortMultipartUpload: S3Operation = async (call) => {
  const { state } = call;
  const files = await state.group.run(() => {
    requireBucket(state, call.bucket);
    return dropUpload(state, requireUpload(call, uploadIdOf(call)).id);
  });
  await state.bodies.discard(files);
  respondEmpty(call, 204);
};

export const listParts: S3Operation = async (call) => {
  const { state, bucket, key, exchange } = call;
  const max = readNumber(call, "max-parts", MAX_LISTED, MAX_LISTED);
  const marker = readNumber(call, "part-number-marker", 0, Number.MAX_SAFE_INTEGER);
  const show = encoder(parameter(exchange.head, "encoding-type"));
  const { upload, parts } = await state.group.run(() => {
    requireBucket(state, bucket);
    const found = requireUpload(call, uploadIdOf(call));
    return { upload: found, parts: state.uploads.parts(found.id, marker, max + 1) };
  });
  const page = parts.slice(0, max);
  respondXml(call, "ListPartsResult", {
    Bucket: bucket,
    Key: show(key.toString()),
    UploadId: upload.id,
    Initiator: OWNER,
    Owner: OWNER,
    StorageClass: "STANDARD",
    ChecksumAlgorithm: upload.algorithm?.toUpperCase(),
    ChecksumType: upload.algorithm === null ? undefined : upload.type,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: max,
    IsTruncated: parts.length > page.length && max > 0,
    Part: page.map((part) => ({
      PartNumber: part.number,
      LastModified: isoTime(part.modified_ms),
      ETag: `"${part.etag}"`,
      Size: part.bytes,
      ...checksumElement(part.checksum),
    })),
  });
};

export const listMultipartUploads: S3Operation = async (call) => {
  const { state, bucket, exchange } = call;
  const get = (name: string) => parameter(exchange.head, name) ?? "";
  const encoding = parameter(exchange.head, "encoding-type");
  const show = encoder(encoding);
  const max = readNumber(call, "max-uploads", MAX_LISTED, MAX_LISTED);
  const [keyMarker, idMarker] = [get("key-marker"), get("upload-id-marker")];
  const [prefix, delimiter] = [get("prefix"), get("delimiter")];
  const listing = await state.group.run(() => {
    requireBucket(state, bucket);
    return listUploads(state.uploads, { bucket, prefix, delimiter, keyMarker, idMarker, max });
  });
  respondXml(call, "ListMultipartUploadsResult", {
    Bucket: bucket,
    KeyMarker: show(keyMarker),
    // Without a key it means nothing, says the API reference.
    UploadIdMarker: keyMarker === "" ? "" : idMarker,
    NextKeyMarker: listing.next && show(listing.next.key),
    NextUploadIdMarker: listing.next?.id,
    Prefix: show(prefix),
    Delimiter: delimiter === "" ? undefined : show(delimiter),
    EncodingType: encoding,
    MaxUploads: max,
    IsTruncated: listing.next !== undefined,
    Upload: listing.uploads.map((upload) => ({
      Key: show(Buffer.from(upload.key).toString()),
      UploadId: upload.id,
      Initiator: OWNER,
      Owner: OWNER,
      StorageClass: "STANDARD",
      Initiated: isoTime(upload.created_ms),
      ChecksumAlgorithm: upload.algorithm?.toUpperCase(),
      ChecksumType: upload.algorithm === null ? undefined : upload.type,
    })),
    CommonPrefixes: listing.prefixes.map((group) => ({ Prefix: show(group) })),
  });
};
