import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type CompletedPart,
  type CreateMultipartUploadCommandInput,
  type UploadPartCommandOutput,
} from "@aws-sdk/client-s3";
import type { World } from "./world.ts";

/** The smallest part that may have another behind it. */
export const MIN_PART_BYTES = 5 * 1024 * 1024;

export const bigPart = (character: string) => Buffer.alloc(MIN_PART_BYTES, character);

export interface Upload {
  Bucket: string;
  Key: string;
  UploadId: string;
}

export async function begin(
  w: World,
  name = "k",
  more: Partial<CreateMultipartUploadCommandInput> = {},
): Promise<Upload> {
  const at = { Bucket: w.bucket, Key: w.key(name) };
  const { UploadId = "" } = await w.s3.send(new CreateMultipartUploadCommand({ ...at, ...more }));
  return { ...at, UploadId };
}

export async function part(
  w: World,
  upload: Upload,
  PartNumber: number,
  Body: Buffer | string,
): Promise<CompletedPart> {
  return completed(PartNumber, await w.s3.send(new UploadPartCommand({ ...upload, PartNumber, Body })));
}

/** What the request to complete says of a part: its ETag and whatever checksum the answer gave. */
function completed(PartNumber: number, answer: UploadPartCommandOutput): CompletedPart {
  const { ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 } = answer;
  return { PartNumber, ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 };
}

export const complete = (w: World, upload: Upload, Parts: CompletedPart[], more: object = {}) =>
  w.s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, ...more }));
