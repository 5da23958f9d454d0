import { AwsError } from "../../aws-error.ts";
import { requireBucket } from "../buckets.ts";
import { field, respondXml, type S3Call, type S3Operation } from "../call.ts";
import { algorithms, compositeChecksum, fullChecksum, partsEtag } from "../checksums.ts";
import { checkWrite } from "../conditions.ts";
import type { ObjectRow } from "../object-table.ts";
import { MAX_PARTS, storeObject } from "../objects.ts";
import { checkParts, readParts, type NamedPart } from "../part-list.ts";
import { checksumElement, readChecksum, storedChecksum } from "../stored-checksum.ts";
import type { PartRow, UploadRow } from "../upload-table.ts";
import { algorithmOf, requireUpload, uploadIdOf } from "../uploads.ts";
import { readText } from "../xml-body.ts";

export const completeMultipartUpload: S3Operation = async (call) => {
  const { state, bucket, key, exchange } = call;
  const named = readParts(await readText(call));
  const { object, files } = await state.group.run(() => complete(call, uploadIdOf(call), named));
  await state.bodies.discard(files);
  const host = exchange.head.headers.get("host") ?? "localhost";
  respondXml(
    call,
    "CompleteMultipartUploadResult",
    {
      Location: `http://${host}/${bucket}/${encodeURIComponent(key.toString())}`,
      Bucket: bucket,
      Key: key.toString(),
      ETag: `"${object.etag}"`,
      ...checksumElement(object.checksum),
      ChecksumType: readChecksum(object.checksum)?.type,
    },
    { "x-amz-server-side-encryption": "AES256" },
  );
};

/** The one step in which the parts become an object. Inside a transaction; everything is checked before it writes. */
function complete(
  call: S3Call,
  id: string,
  named: readonly NamedPart[],
): { object: ObjectRow; files: string[] } {
  const { state, bucket, key, exchange } = call;
  const found = requireBucket(state, bucket);
  const current = state.objects.find(bucket, key);
  // The answer may have been lost: asked again, S3 answers again.
  if (current?.upload === id) return { object: current, files: [] };
  const upload = requireUpload(call, id);
  const uploaded = state.uploads.parts(id, 0, MAX_PARTS);
  const parts = checkParts(upload, uploaded, named);
  checkWrite(exchange.head.headers, current);
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  checkSize(call, bytes);
  const checksum = wholeChecksum(upload, parts);
  checkWhole(call, checksum);
  const object = {
    bucket,
    key,
    bytes,
    etag: partsEtag(parts.map(({ etag }) => etag)),
    modified_ms: state.clock.now(),
    headers: upload.headers,
    checksum,
    file: null,
    upload: id,
    body: null,
  };
  const chosen = new Set(parts.map(({ number }) => number));
  const left = uploaded.filter(({ number }) => !chosen.has(number));
  const files = storeObject(call, found, current, object, "CompleteMultipartUpload");
  for (const { number } of left) state.uploads.removePart(id, number);
  state.uploads.remove(id);
  return { object, files: [...files, ...left.map(({ file }) => file)] };
}

function wholeChecksum(upload: UploadRow, parts: readonly PartRow[]): string {
  const algorithm = algorithmOf(upload);
  const sums = parts.map((part) => ({
    checksum: readChecksum(part.checksum)?.value ?? "",
    bytes: part.bytes,
  }));
  const full = upload.type === "FULL_OBJECT" ? fullChecksum(algorithm, sums) : undefined;
  return storedChecksum(algorithm, full ?? compositeChecksum(algorithm, sums));
}

/** What the client says of the whole object must be so. Throws AwsError `BadDigest` or `InvalidRequest`. */
function checkWhole(call: S3Call, checksum: string): void {
  const computed = readChecksum(checksum);
  for (const algorithm of algorithms) {
    const given = field(call, `x-amz-checksum-${algorithm}`);
    if (given === undefined) continue;
    if (algorithm !== computed?.algorithm) {
      throw new AwsError(
        "InvalidRequest",
        `Checksum Type mismatch occurred, expected checksum Type: ${computed?.algorithm}, actual checksum Type: ${algorithm}`,
      );
    }
    if (given !== computed.value && given !== computed.value.replace(/-\d+$/, "")) {
      throw new AwsError(
        "BadDigest",
        `The ${algorithm} you specified did not match the calculated checksum.`,
      );
    }
  }
  const type = field(call, "x-amz-checksum-type")?.toUpperCase();
  if (type !== undefined && type !== computed?.type) {
    throw new AwsError(
      "InvalidRequest",
      `The upload was created using the ${computed?.type} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
}

function checkSize(call: S3Call, bytes: number): void {
  const expected = field(call, "x-amz-mp-object-size");
  if (expected === undefined || Number(expected) === bytes) return;
  throw new AwsError(
    "InvalidRequest",
    `The provided 'x-amz-mp-object-size' header value ${expected} does not match what was computed: ${bytes}`,
  );
}
