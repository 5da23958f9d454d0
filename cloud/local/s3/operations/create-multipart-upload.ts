import { requireBucket } from "../buckets.ts";
import { respondXml, type S3Operation } from "../call.ts";
import { headersToStore } from "../stored-headers.ts";
import { newUploadId, readChecksumChoice } from "../uploads.ts";

export const createMultipartUpload: S3Operation = async (call) => {
  const { state, bucket, key } = call;
  const headers = JSON.stringify(headersToStore(call));
  const { algorithm, type } = readChecksumChoice(call);
  const now = state.clock.now();
  const id = newUploadId(now);
  await state.group.run(() => {
    requireBucket(state, bucket);
    state.uploads.put({ id, bucket, key, created_ms: now, headers, algorithm, type });
  });
  const fields = { Bucket: bucket, Key: key.toString(), UploadId: id };
  respondXml(call, "InitiateMultipartUploadResult", fields, {
    "x-amz-server-side-encryption": "AES256",
    ...(algorithm && {
      "x-amz-checksum-algorithm": algorithm.toUpperCase(),
      "x-amz-checksum-type": type,
    }),
  });
};
