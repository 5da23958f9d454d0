import { XMLParser } from "fast-xml-parser";
import { AwsError } from "../../aws-error.ts";
import { readXml } from "../body.ts";
import { requireBucket } from "../buckets.ts";
import { respondEmpty, respondXml, type S3Operation } from "../call.ts";
import { checkWrite } from "../conditions.ts";
import { discard } from "../upload.ts";

const MAX_KEYS = 1000;

/** Deleting what is not there succeeds, as S3 says. */
export const deleteObject: S3Operation = async (call) => {
  const { state, bucket, key, exchange } = call;
  const file = await state.group.run(() => {
    requireBucket(state, bucket);
    const current = state.objects.find(bucket, key);
    if (exchange.head.headers.has("if-match")) checkWrite(exchange.head.headers, current);
    state.objects.remove(bucket, key);
    return current?.file ?? null;
  });
  await discard(state, file);
  respondEmpty(call, 204);
};

export const deleteObjects: S3Operation = async (call) => {
  const { state, bucket } = call;
  const { keys, quiet } = readDelete(await readXml(call));
  const files = await state.group.run(() => {
    requireBucket(state, bucket);
    return keys.map((text) => {
      const key = Buffer.from(text);
      const file = state.objects.find(bucket, key)?.file ?? null;
      state.objects.remove(bucket, key);
      return file;
    });
  });
  for (const file of files) await discard(state, file);
  respondXml(call, "DeleteResult", { Deleted: quiet ? [] : keys.map((Key) => ({ Key })) });
};

const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true, // also decodes &#x…; references, in which clients send control characters
  isArray: (_, path) => path === "Delete.Object",
});

function malformed(cause?: unknown): AwsError {
  const message = "The XML you provided was not well-formed or did not validate against our published schema";
  return new AwsError("MalformedXML", message, {}, cause);
}

function readDelete(text: string): { keys: string[]; quiet: boolean } {
  if (/<!DOCTYPE/i.test(text)) throw malformed();
  let document: unknown;
  try {
    document = parser.parse(text, true);
  } catch (error) {
    throw malformed(error);
  }
  const request = child(document, "Delete");
  const objects = child(request, "Object");
  if (!Array.isArray(objects) || objects.length > MAX_KEYS) throw malformed();
  const keys = objects.map((object) => child(object, "Key"));
  if (!keys.every((key) => typeof key === "string")) throw malformed();
  return { keys, quiet: child(request, "Quiet") === "true" };
}

function child(node: unknown, name: string): unknown {
  return typeof node === "object" && node !== null ? (node as Record<string, unknown>)[name] : undefined;
}
