import { AwsError } from "../../aws-error.ts";
import { requireBucket } from "../buckets.ts";
import { field, isoTime, respondXml, type S3Call, type S3Operation } from "../call.ts";
import { DEFAULT_ALGORITHM } from "../checksums.ts";
import { copyBody, openSource, type Source } from "../copy-source.ts";
import { INLINE_BYTES } from "../receive.ts";
import { checksumElement, readChecksum } from "../stored-checksum.ts";
import { headersToStore, refuseUnsupported } from "../stored-headers.ts";
import { readAlgorithm } from "../uploads.ts";
import { commitObject } from "./put-object.ts";

export const copyObject: S3Operation = async (call) => {
  const { state, bucket } = call;
  refuseUnsupported(call);
  const replace = readDirective(call) === "REPLACE";
  await state.group.run(() => requireBucket(state, bucket));
  const source = await openSource(call);
  try {
    checkSelf(call, source, replace);
    const headers = replace
      ? headersToStore(call)
      : (JSON.parse(source.row.headers) as Record<string, string>);
    const algorithm =
      readAlgorithm(field(call, "x-amz-checksum-algorithm")) ??
      readChecksum(source.row.checksum)?.algorithm ??
      DEFAULT_ALGORITHM;
    const received = await copyBody(state, source, algorithm, INLINE_BYTES);
    const modified = await commitObject(call, received, headers, "Copy");
    const fields = {
      LastModified: isoTime(modified),
      ETag: `"${received.etag}"`,
      ...checksumElement(received.checksum),
      ChecksumType: "FULL_OBJECT",
    };
    respondXml(call, "CopyObjectResult", fields, { "x-amz-server-side-encryption": "AES256" });
  } finally {
    await source.release();
  }
};

function readDirective(call: S3Call): string {
  const directive = field(call, "x-amz-metadata-directive") ?? "COPY";
  if (directive === "COPY" || directive === "REPLACE") return directive;
  throw new AwsError("InvalidArgument", "Unknown metadata directive.", {
    ArgumentName: "x-amz-metadata-directive",
    ArgumentValue: directive,
  });
}

/** Changing an object's metadata is a copy to itself; one that changes nothing is refused, as on AWS. */
function checkSelf(call: S3Call, { row }: Source, replace: boolean): void {
  if (row.bucket !== call.bucket || !call.key.equals(row.key)) return;
  const changes = ["x-amz-storage-class", "x-amz-server-side-encryption", "x-amz-checksum-algorithm"];
  if (replace || changes.some((name) => field(call, name) !== undefined)) return;
  throw new AwsError(
    "InvalidRequest",
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  );
}
