import { AwsError } from "../../aws-error.ts";
import { requireBucket } from "../buckets.ts";
import { respondEmpty, type S3Call, type S3Operation } from "../call.ts";
import { checkWrite } from "../conditions.ts";
import { headersToStore } from "../stored-headers.ts";
import { discard, receiveUpload, type Uploaded } from "../upload.ts";

const MAX_KEY_BYTES = 1024;

export const putObject: S3Operation = async (call) => {
  if (call.key.byteLength > MAX_KEY_BYTES) {
    throw new AwsError("KeyTooLongError", "Your key is too long", { MaxSizeAllowed: String(MAX_KEY_BYTES) });
  }
  const headers = headersToStore(call);
  const uploaded = await receiveUpload(call);
  await discard(call.state, await commit(call, uploaded, headers));
  const [algorithm, value = ""] = uploaded.checksum?.split(":") ?? [];
  respondEmpty(call, 200, {
    etag: `"${uploaded.etag}"`,
    ...(algorithm && { [`x-amz-checksum-${algorithm}`]: value, "x-amz-checksum-type": "FULL_OBJECT" }),
  });
};

/** The one step in which the object appears. Resolves to the file of the object it replaced, or null. */
async function commit(
  { state, bucket, key, exchange }: S3Call,
  uploaded: Uploaded,
  headers: Record<string, string>,
): Promise<string | null> {
  try {
    return await state.group.run(() => {
      requireBucket(state, bucket);
      const current = state.objects.find(bucket, key);
      checkWrite(exchange.head.headers, current);
      const modified_ms = state.clock.now();
      state.objects.put({ ...uploaded, bucket, key, modified_ms, headers: JSON.stringify(headers) });
      return current?.file ?? null;
    });
  } catch (error) {
    await discard(state, uploaded.file);
    throw error;
  }
}
