import { requireBucket } from "../buckets.ts";
import { respondEmpty, type S3Call, type S3Operation } from "../call.ts";
import { checkWrite } from "../conditions.ts";
import { storeObject } from "../objects.ts";
import { discardReceived, INLINE_BYTES, receiveBody, type Received } from "../receive.ts";
import { checksumHeaders } from "../stored-checksum.ts";
import { headersToStore } from "../stored-headers.ts";

export const putObject: S3Operation = async (call) => {
  const headers = headersToStore(call);
  const received = await receiveBody(call, { inlineBytes: INLINE_BYTES });
  await commitObject(call, received, headers, "Put");
  respondEmpty(call, 200, {
    etag: `"${received.etag}"`,
    "x-amz-server-side-encryption": "AES256",
    ...checksumHeaders(received.checksum),
  });
};

/** Makes what was received the object of the call's key, if the request's conditions hold. Answers when, in ms. */
export async function commitObject(
  call: S3Call,
  received: Received,
  headers: Record<string, string>,
  event: string,
): Promise<number> {
  const { state, bucket, key, exchange } = call;
  try {
    const { files, modified } = await state.group.run(() => {
      const found = requireBucket(state, bucket);
      const current = state.objects.find(bucket, key);
      checkWrite(exchange.head.headers, current);
      const now = state.clock.now();
      const stored = { bucket, key, modified_ms: now, headers: JSON.stringify(headers), upload: null };
      return { files: storeObject(call, found, current, { ...received, ...stored }, event), modified: now };
    });
    await state.bodies.discard(files);
    return modified;
  } catch (error) {
    await discardReceived(state, received);
    throw error;
  }
}
