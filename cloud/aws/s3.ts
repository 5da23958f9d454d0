import { Readable } from "node:stream";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { DroverError } from "../../base/errors.ts";
import type { ObjectHead, Objects, PutOptions, PutResult, StoredObject } from "../ports/objects.ts";
import { callHandler, silent, steady, streamHandler } from "./handlers.ts";

export interface S3Clients {
  call: S3Client;
  stream: S3Client;
}

export function createS3Clients(options: { maxAttempts?: number } = {}): S3Clients {
  return {
    call: silent(withStoreDate(new S3Client({ ...steady, ...options, requestHandler: callHandler }))),
    stream: silent(withStoreDate(new S3Client({ ...options, requestHandler: streamHandler }))),
  };
}

export function closeS3Clients(clients: S3Clients): void {
  clients.call.destroy();
  clients.stream.destroy();
}

export function openBucket(clients: S3Clients, bucket: string): Objects {
  return {
    bucket,
    put: (key, body, options) => put(clients.call, bucket, key, body, options),
    putStream: async (key, body, options) => {
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: Readable.from(body, { objectMode: false }),
        ContentLength: options.bytes,
        ContentType: options.contentType,
      });
      await clients.stream.send(command, options.signal ? { abortSignal: options.signal } : {});
    },
    get: (key) => get(clients.call, bucket, key),
    head: async (key) => {
      const found = await orAbsent(clients.call.send(new HeadObjectCommand({ Bucket: bucket, Key: key })));
      return found && headOf(found);
    },
    getStream: (key, options) => getStream(clients.stream, options.bucket ?? bucket, key, options.signal),
    list: (prefix, options) => list(clients.call, bucket, prefix, options),
    delete: async (key) => {
      await clients.call.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },
    presignGet: (key, expiresIn) =>
      getSignedUrl(clients.call, new GetObjectCommand({ Bucket: bucket, Key: key }), { expiresIn }),
  };
}

/** 409 means that another conditional write of the same key is under way right now: its outcome is near. */
const CONFLICT_TRIES = 20;

async function put(
  client: S3Client,
  bucket: string,
  key: string,
  body: Uint8Array | string,
  options: PutOptions = {},
): Promise<PutResult> {
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: body,
    ContentType: options.contentType,
    Metadata: options.metadata,
    ...(options.condition === "absent" ? { IfNoneMatch: "*" } : {}),
    ...(typeof options.condition === "object" ? { IfMatch: options.condition.etag } : {}),
  });
  for (let attempt = 1; ; attempt++) {
    try {
      const { ETag: etag = "" } = await client.send(command);
      return { outcome: "stored", etag };
    } catch (error) {
      const status = statusOf(error);
      // An If-Match on a key that is gone answers 404: the condition does not hold either.
      if (status === 412 || (status === 404 && nameOf(error) === "NoSuchKey")) return { outcome: "exists" };
      if (status !== 409 || attempt === CONFLICT_TRIES) throw error;
    }
  }
}

async function get(client: S3Client, bucket: string, key: string): Promise<StoredObject | undefined> {
  const found = await orAbsent(client.send(new GetObjectCommand({ Bucket: bucket, Key: key })));
  if (found === undefined) return undefined;
  return { ...headOf(found), body: (await found.Body?.transformToByteArray()) ?? new Uint8Array() };
}

async function getStream(client: S3Client, bucket: string, key: string, signal: AbortSignal | undefined) {
  const command = new GetObjectCommand({ Bucket: bucket, Key: key });
  const found = await orAbsent(client.send(command, signal ? { abortSignal: signal } : {}));
  if (found === undefined) return undefined;
  const { bytes, etag } = headOf(found);
  if (!(found.Body instanceof Readable))
    throw new DroverError("cloud-answer", "S3 returned an object without a body.");
  const body = found.Body;
  const discard = async () => {
    body.on("error", () => undefined).destroy();
  };
  return { bytes, etag, body: body as AsyncIterable<Uint8Array>, discard };
}

async function list(
  client: S3Client,
  bucket: string,
  prefix: string,
  options: { max?: number; startAfter?: string } = {},
): Promise<string[]> {
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        ...(options.max === undefined ? {} : { MaxKeys: Math.min(1_000, options.max - keys.length) }),
        ...(options.startAfter === undefined ? {} : { StartAfter: options.startAfter }),
        ...(token === undefined ? {} : { ContinuationToken: token }),
      }),
    );
    keys.push(...(page.Contents ?? []).flatMap(({ Key: key }) => (key === undefined ? [] : [key])));
    token = page.NextContinuationToken;
  } while (token !== undefined && keys.length < (options.max ?? Infinity));
  return keys;
}

function headOf(
  found: (HeadObjectCommandOutput | GetObjectCommandOutput) & { storeNow?: number },
): ObjectHead {
  return {
    etag: found.ETag ?? "",
    bytes: found.ContentLength ?? 0,
    metadata: found.Metadata ?? {},
    contentType: found.ContentType,
    lastModified: found.LastModified?.getTime() ?? 0,
    storeNow: found.storeNow ?? found.LastModified?.getTime() ?? 0,
  };
}

/** Hands the response's Date header on as `storeNow`, which the SDK would drop. */
function withStoreDate(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const date = dateHeader(result.response);
      if (date !== undefined && result.output !== undefined)
        Object.assign(result.output, { storeNow: Date.parse(date) });
      return result;
    },
    { step: "deserialize", name: "droverStoreDate", priority: "high" },
  );
  return client;
}

function dateHeader(response: unknown): string | undefined {
  if (typeof response !== "object" || response === null || !("headers" in response)) return undefined;
  const headers = response.headers as Record<string, string>;
  return headers["date"];
}

async function orAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (statusOf(error) === 404 && nameOf(error) !== "NoSuchBucket") return undefined;
    throw error;
  }
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("$metadata" in error)) return undefined;
  return (error.$metadata as { httpStatusCode?: number }).httpStatusCode;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}
