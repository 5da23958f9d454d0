import { AwsError } from "../../aws-error.ts";
import { requireBucket } from "../buckets.ts";
import { field, isoTime, respondEmpty, respondXml, type S3Call, type S3Operation } from "../call.ts";
import { copyBody, openSource } from "../copy-source.ts";
import { discardReceived, receiveBody, type Received } from "../receive.ts";
import { readRangeOf } from "../range.ts";
import { checksumElement, checksumHeaders } from "../stored-checksum.ts";
import { refuseUnsupported } from "../stored-headers.ts";
import { algorithmOf, readPartNumber, requireUpload, uploadIdOf } from "../uploads.ts";

/** Parts always lie in files: an object of parts is the list of them. */
const IN_A_FILE = -1;

export const uploadPart: S3Operation = async (call) => {
  refuseUnsupported(call);
  const { upload, number } = await target(call);
  const received = await receiveBody(call, {
    algorithm: algorithmOf(upload),
    strict: upload.algorithm !== null,
    inlineBytes: IN_A_FILE,
  });
  await commitPart(call, upload.id, number, received);
  respondEmpty(call, 200, {
    etag: `"${received.etag}"`,
    "x-amz-server-side-encryption": "AES256",
    ...checksumHeaders(received.checksum),
  });
};

export const uploadPartCopy: S3Operation = async (call) => {
  refuseUnsupported(call);
  const { upload, number } = await target(call);
  const source = await openSource(call);
  try {
    const range = readRangeOf(field(call, "x-amz-copy-source-range"), source.row.bytes);
    const received = await copyBody(call.state, source, algorithmOf(upload), IN_A_FILE, range);
    const modified = await commitPart(call, upload.id, number, received);
    respondXml(call, "CopyPartResult", {
      LastModified: isoTime(modified),
      ETag: `"${received.etag}"`,
      ...checksumElement(received.checksum),
    });
  } finally {
    await source.release();
  }
};

function target(call: S3Call) {
  const number = readPartNumber(call);
  return call.state.group.run(() => {
    requireBucket(call.state, call.bucket);
    return { upload: requireUpload(call, uploadIdOf(call)), number };
  });
}

/** Makes what was received a part, replacing an earlier one of that number. Answers when, in ms. */
async function commitPart(call: S3Call, upload: string, number: number, received: Received): Promise<number> {
  const { state } = call;
  const { file } = received;
  if (file === null) throw new AwsError("InternalError", "A part was not stored in a file.");
  try {
    const { before, modified } = await state.group.run(() => {
      requireUpload(call, upload); // it may have been aborted meanwhile
      const replaced = state.uploads.part(upload, number);
      const now = state.clock.now();
      const { bytes, etag, checksum } = received;
      state.uploads.putPart({ upload, number, bytes, etag, checksum, modified_ms: now, file });
      return { before: replaced, modified: now };
    });
    if (before !== undefined) await state.bodies.discard([before.file]);
    return modified;
  } catch (error) {
    await discardReceived(state, received);
    throw error;
  }
}
