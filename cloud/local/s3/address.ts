import { AwsError } from "../aws-error.ts";
import type { RequestHead } from "../http/head.ts";

export interface Address {
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
  if (host !== undefined) return { bucket: host, key: decode(path) };
  const slash = path.indexOf("/");
  const bucket = decode(slash < 0 ? path : path.slice(0, slash)).toString();
  return { bucket: bucket === "" ? undefined : bucket, key: decode(slash < 0 ? "" : path.slice(slash + 1)) };
}

function decode(part: string): Buffer {
  try {
    return Buffer.from(decodeURIComponent(part));
  } catch {
    throw new AwsError("InvalidURI", "Couldn't parse the specified URI.");
  }
}
