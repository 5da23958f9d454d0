import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { expect, onTestFinished, test } from "vitest";
import { loadSecrets } from "../../cloud/local/folder.ts";
import { clientsOf, temporaryFolder } from "../unit/cloud-local/cloud.ts";
import { cloudProcess } from "../unit/cloud-local/process.ts";

const MIB = 1024 * 1024;
const OBJECT_BYTES = 200 * MIB;
const MAX_MEMORY_BYTES = 200 * MIB;
const Bucket = "results";

/** Bytes that differ from block to block, and their digest so far. */
function numbers(bytes: number) {
  const sha256 = createHash("sha256");
  const blocks = function* () {
    for (let at = 0; at < bytes; at += MIB) {
      const block = Buffer.alloc(Math.min(MIB, bytes - at), `${at} `);
      sha256.update(block);
      yield block;
    }
  };
  return { stream: Readable.from(blocks(), { objectMode: false }), digest: () => sha256.digest("hex") };
}

async function start() {
  const dir = await temporaryFolder();
  const { child, ready } = await cloudProcess("--dir", dir, "--bucket", Bucket);
  const { s3, sqs } = clientsOf({ ...ready, credentials: await loadSecrets(dir) });
  onTestFinished(() => {
    s3.destroy();
    sqs.destroy();
  });
  const peakBytes = async () => {
    const status = await readFile(`/proc/${child.pid}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  };
  const digestOf = async (Key: string) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    const sha256 = createHash("sha256");
    for await (const chunk of Body as unknown as AsyncIterable<Buffer>) sha256.update(chunk);
    return sha256.digest("hex");
  };
  return { s3, peakBytes, digestOf };
}

test("a large object goes in and out as a stream", { timeout: 60_000 }, async () => {
  const { s3, peakBytes, digestOf } = await start();
  const { stream, digest } = numbers(OBJECT_BYTES);
  const command = new PutObjectCommand({ Bucket, Key: "k", Body: stream, ContentLength: OBJECT_BYTES });
  await s3.send(command);
  await s3.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${Bucket}/k` }));
  expect(await digestOf("copy")).toBe(digest());
  expect(await peakBytes()).toBeLessThan(MAX_MEMORY_BYTES);
});

test("large parts go in side by side, and become one object at once", { timeout: 60_000 }, async () => {
  const { s3, peakBytes, digestOf } = await start();
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "k" }));
  const body = Buffer.alloc(25 * MIB, "part ");
  const Parts = await Promise.all(
    [1, 2, 3, 4].map(async (PartNumber) => {
      const command = new UploadPartCommand({ Bucket, Key: "k", UploadId, PartNumber, Body: body });
      return { PartNumber, ETag: (await s3.send(command)).ETag };
    }),
  );
  const started = performance.now();
  await s3.send(
    new CompleteMultipartUploadCommand({ Bucket, Key: "k", UploadId, MultipartUpload: { Parts } }),
  );
  expect(performance.now() - started).toBeLessThan(1000); // nothing is copied
  const sha256 = createHash("sha256");
  for (let n = 0; n < 4; n++) sha256.update(body);
  expect(await digestOf("k")).toBe(sha256.digest("hex"));
  expect(await peakBytes()).toBeLessThan(MAX_MEMORY_BYTES);
});
