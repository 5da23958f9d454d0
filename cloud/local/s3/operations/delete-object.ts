import { AwsError } from "../../aws-error.ts";
import type { BucketRow } from "../bucket-table.ts";
import { requireBucket } from "../buckets.ts";
import { respondEmpty, respondXml, type S3Call, type S3Operation } from "../call.ts";
import { checkWrite } from "../conditions.ts";
import { removeObject } from "../objects.ts";
import { algorithmSent } from "../receive.ts";
import { listOf, malformed, parseXml, readText, textOf } from "../xml-body.ts";

const MAX_KEYS = 1000;

/** Deleting what is not there succeeds, as S3 says. */
export const deleteObject: S3Operation = async (call) => {
  const { state, bucket, key, exchange } = call;
  const files = await state.group.run(() => {
    const found = requireBucket(state, bucket);
    const current = state.objects.find(bucket, key);
    if (exchange.head.headers.has("if-match")) checkWrite(exchange.head.headers, current);
    return removeObject(call, found, current);
  });
  await state.bodies.discard(files);
  respondEmpty(call, 204);
};

interface Doomed {
  key: string;
  /** Only when the object still has this ETag. */
  etag: string | undefined;
  version: string | undefined;
}

export const deleteObjects: S3Operation = async (call) => {
  const { state, bucket, exchange } = call;
  if (!exchange.head.headers.has("content-md5") && algorithmSent(call) === undefined) {
    throw new AwsError("InvalidRequest", "Missing required header for this request: Content-MD5");
  }
  const { objects, quiet } = readDelete(await readText(call));
  const outcomes = await state.group.run(() => {
    const found = requireBucket(state, bucket);
    return objects.map((object) => deleteOne(call, found, object));
  });
  await state.bodies.discard(outcomes.flatMap(({ files }) => files));
  respondXml(call, "DeleteResult", {
    Deleted: quiet ? [] : outcomes.flatMap(({ object, error }) => (error ? [] : [{ Key: object.key }])),
    Error: outcomes.flatMap(({ object, error }) =>
      error ? [{ Key: object.key, Code: error.code, Message: error.message }] : [],
    ),
  });
};

/** One refusal does not keep the others from being deleted. Inside a transaction. */
function deleteOne(
  call: S3Call,
  bucket: BucketRow,
  object: Doomed,
): { object: Doomed; files: string[]; error?: AwsError } {
  const key = Buffer.from(object.key);
  const current = call.state.objects.find(bucket.name, key);
  try {
    if (object.version !== undefined && object.version !== "null") {
      throw new AwsError("NoSuchVersion", "The specified version does not exist.");
    }
    if (object.etag !== undefined) checkWrite(new Map([["if-match", object.etag]]), current);
  } catch (error) {
    if (error instanceof AwsError) return { object, files: [], error };
    throw error;
  }
  return { object, files: removeObject(call, bucket, current) };
}

function readDelete(text: string): { objects: Doomed[]; quiet: boolean } {
  const request = parseXml(text, "Delete", ["Delete.Object"]);
  const elements = listOf(request, "Object");
  if (elements.length === 0 || elements.length > MAX_KEYS) throw malformed();
  const objects = elements.map((element) => {
    const key = typeof element === "string" ? undefined : element["Key"];
    if (typeof key !== "string" || key === "") throw malformed();
    return { key, etag: textOf(element, "ETag"), version: textOf(element, "VersionId") };
  });
  return { objects, quiet: textOf(request, "Quiet")?.toLowerCase() === "true" };
}
