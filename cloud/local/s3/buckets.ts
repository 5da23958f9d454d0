import { AwsError } from "../aws-error.ts";
import type { BucketRow } from "./bucket-table.ts";
import { afterPrefix } from "./keys.ts";
import type { S3State } from "./state.ts";

/** Creates a bucket. One's own bucket again is fine, as in us-east-1. Inside a transaction. */
export function createBucket(state: S3State, name: string): void {
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  const plain = /^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/.test(name);
  const reserved = /^(?:xn--|sthree-)|(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(name);
  if (!plain || reserved || /^\d+\.\d+\.\d+\.\d+$/.test(name)) {
    throw new AwsError("InvalidBucketName", "The specified bucket is not valid.", { BucketName: name });
  }
  if (state.buckets.find(name) === undefined) state.buckets.put(name, state.clock.now());
}

/** Throws AwsError `NoSuchBucket`. */
export function requireBucket(state: S3State, name: string): BucketRow {
  const found = state.buckets.find(name);
  if (found !== undefined) return found;
  throw new AwsError("NoSuchBucket", "The specified bucket does not exist", { BucketName: name });
}

const MAX_PARTS = 10_000;

/**
 * Removes an empty bucket and the uploads that were not completed in it. Inside a transaction. Returns the files
 * that nobody names any more. Throws AwsError `NoSuchBucket` or `BucketNotEmpty`.
 */
export function deleteBucket(state: S3State, name: string): string[] {
  requireBucket(state, name);
  const nothing = Buffer.alloc(0);
  const end = afterPrefix(nothing);
  if (state.objects.range(name, nothing, end, 1).length > 0) {
    throw new AwsError("BucketNotEmpty", "The bucket you tried to delete is not empty", { BucketName: name });
  }
  const files = state.uploads.after(name, nothing, "", end, -1).flatMap(({ id }) => {
    const parts = state.uploads.parts(id, 0, MAX_PARTS);
    state.uploads.removeParts(id);
    state.uploads.remove(id);
    return parts.map(({ file }) => file);
  });
  state.buckets.remove(name);
  return files;
}
