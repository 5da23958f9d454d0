import { AwsError } from "../aws-error.ts";
import type { RequestHead } from "../http/head.ts";

export interface Address {
  /** The bucket when the host name names it. */
  hostBucket: string | undefined;
  /** Undefined for the service itself. */
  bucket: string | undefined;
  /** Empty for the bucket itself. */
  key: Buffer;
}

/**
 * Bucket and key of a request: `/bucket/key`, or `/key` at the host `bucket.localhost`. The key is bytes: dots and
 * slashes in it mean nothing here. Throws AwsError `InvalidURI`.
 */
export function addressOf(head: RequestHead): Address {
  const host = /^([a-z0-9.-]+)\.localhost(?::\d+)?$/i.exec(head.headers.get("host") ?? "")?.[1];
  const path = head.rawPath.replace(/^\//, "");
  if (host !== undefined) return { hostBucket: host, bucket: host, key: decode(path) };
  const slash = path.indexOf("/");
  const bucket = decode(slash < 0 ? path : path.slice(0, slash)).toString();
  const key = decode(slash < 0 ? "" : path.slice(slash + 1));
  return { hostBucket: undefined, bucket: bucket === "" ? undefined : bucket, key };
}

function decode(part: string): Buffer {
  try {
    return Buffer.from(decodeURIComponent(part));
  } catch {
    throw new AwsError("InvalidURI", "Couldn't parse the specified URI.");
  }
}
