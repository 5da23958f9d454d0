import { AwsError } from "../aws-error.ts";
import { afterPrefix } from "./keys.ts";
import type { S3State } from "./state.ts";

/** Creates a bucket. One's own bucket again is fine, as in us-east-1. Inside a transaction. */
export function createBucket(state: S3State, name: string): void {
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  const plain = /^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/.test(name);
  if (!plain || /^\d+\.\d+\.\d+\.\d+$/.test(name)) {
    throw new AwsError("InvalidBucketName", "The specified bucket is not valid.", { BucketName: name });
  }
  if (state.objects.bucket(name) === undefined) state.objects.putBucket(name, state.clock.now());
}

/** Throws AwsError `NoSuchBucket`. */
export function requireBucket(state: S3State, name: string): void {
  if (state.objects.bucket(name) !== undefined) return;
  throw new AwsError("NoSuchBucket", "The specified bucket does not exist", { BucketName: name });
}

/** Inside a transaction. Throws AwsError `NoSuchBucket` or `BucketNotEmpty`. */
export function deleteBucket(state: S3State, name: string): void {
  requireBucket(state, name);
  const everything = Buffer.alloc(0);
  if (state.objects.range(name, everything, afterPrefix(everything), 1).length > 0) {
    throw new AwsError("BucketNotEmpty", "The bucket you tried to delete is not empty", { BucketName: name });
  }
  state.objects.removeBucket(name);
}
