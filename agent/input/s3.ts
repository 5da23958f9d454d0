import { reasonOf } from "../../base/errors.ts";
import type { Objects } from "../../cloud/ports/objects.ts";
import { isInternalKey } from "../../jobs/keys.ts";
import type { Source } from "./http.ts";
import { InputFailure } from "./input.ts";

/** Opens an s3://bucket/key input with the agent's own role. Throws InputFailure. */
export async function openS3(objects: Objects, href: string, signal: AbortSignal): Promise<Source> {
  const [, bucket = "", key = ""] = /^s3:\/\/([^/]+)\/(.+)$/.exec(href) ?? [];
  if (bucket === objects.bucket && isInternalKey(key)) {
    throw new InputFailure({
      code: "input-refused",
      message: `The input ${href} is one of the fleet's own records, which jobs may not read.`,
    });
  }
  let found: Source | undefined;
  try {
    found = await objects.getStream(key, { bucket, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new InputFailure(s3Failure(href, error), { cause: error });
  }
  if (found !== undefined) return found;
  throw new InputFailure({
    code: "input-not-found",
    message: `The input ${href} does not exist. Check bucket and key.`,
  });
}

function s3Failure(href: string, error: unknown): InputFailure["failure"] {
  const name = error instanceof Error ? error.name : "";
  if (name === "NoSuchBucket") {
    return { code: "input-not-found", message: `The bucket of the input ${href} does not exist.` };
  }
  if (/AccessDenied|Forbidden|403/.test(name)) {
    return { code: "input-unauthorized", message: `The fleet's role may not read the input ${href}.` };
  }
  return {
    code: "input-unreachable",
    message: `S3 could not be asked for the input ${href}: ${reasonOf(error)}.`,
  };
}
