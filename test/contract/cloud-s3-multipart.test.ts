import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  UploadPartCommand,
  type CompletedPart,
} from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { Bucket, get, put, start } from "../unit/cloud-local/objects.ts";
import { temporaryFolder, testCloud, type TestCloud } from "../unit/cloud-local/cloud.ts";

// What AWS documents of multipart uploads is asked by test/conformance. Here: what it leaves in the folder.

const MIN_PART_BYTES = 5 * 1024 * 1024;
const Key = "k";

const files = (cloud: TestCloud) => readdir(join(cloud.dir, "objects"));

async function begin(cloud: TestCloud): Promise<string> {
  const { UploadId = "" } = await cloud.s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  return UploadId;
}

async function part(cloud: TestCloud, UploadId: string, PartNumber: number, Body: string | Buffer) {
  const { ETag } = await cloud.s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
  return { ETag, PartNumber };
}

const complete = (cloud: TestCloud, UploadId: string, Parts: CompletedPart[]) =>
  cloud.s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));

/** An object of 5 MiB of "a" and a tail. */
async function inParts(cloud: TestCloud, tail = "tail"): Promise<string> {
  const id = await begin(cloud);
  const first = await part(cloud, id, 1, Buffer.alloc(MIN_PART_BYTES, "a"));
  await complete(cloud, id, [first, await part(cloud, id, 2, tail)]);
  return id;
}

test("no file is left of parts replaced, left out, aborted, of objects overwritten or deleted", async () => {
  const cloud = await start();
  const id = await begin(cloud);
  await part(cloud, id, 1, "before");
  const kept = await part(cloud, id, 1, "after");
  expect(await files(cloud)).toHaveLength(1);
  await part(cloud, id, 2, "left out");
  await complete(cloud, id, [kept]);
  expect(await files(cloud)).toHaveLength(1);
  const aborted = await begin(cloud);
  await part(cloud, aborted, 1, "never");
  await cloud.s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: aborted }));
  expect(await files(cloud)).toHaveLength(1);
  await inParts(cloud);
  expect(await files(cloud)).toHaveLength(2);
  await put(cloud, Key, "small");
  expect(await files(cloud)).toEqual([]);
  await inParts(cloud);
  await cloud.s3.send(new DeleteObjectCommand({ Bucket, Key }));
  expect(await files(cloud)).toEqual([]);
});

test("a bucket goes with the uploads that were never completed in it", async () => {
  const cloud = await start();
  await part(cloud, await begin(cloud), 1, "forgotten");
  await cloud.s3.send(new DeleteBucketCommand({ Bucket }));
  expect(await files(cloud)).toEqual([]);
});

test("an upload goes on after a restart, and its object stays", async () => {
  const dir = await temporaryFolder();
  const before = await testCloud({ dir, provision: { buckets: [Bucket] } });
  const id = await begin(before);
  const first = await part(before, id, 1, Buffer.alloc(MIN_PART_BYTES, "a"));
  await before.close();
  const after = await testCloud({ dir });
  await complete(after, id, [first, await part(after, id, 2, "tail")]);
  await after.close();
  const last = await testCloud({ dir });
  expect((await get(last, Key, { Range: "bytes=-6" })).text).toBe("aatail");
  expect(await files(last)).toHaveLength(2);
});

test("completing again answers the same: the first answer may have been lost", async () => {
  const cloud = await start();
  const id = await begin(cloud);
  const parts = [await part(cloud, id, 1, "once")];
  const first = await complete(cloud, id, parts);
  const again = await complete(cloud, id, parts);
  expect([again.ETag, again.ChecksumCRC64NVME]).toEqual([first.ETag, first.ChecksumCRC64NVME]);
  await put(cloud, Key, "replaced");
  await expect(complete(cloud, id, parts)).rejects.toMatchObject({ name: "NoSuchUpload" });
});

test("who reads an object reads it whole, though it is replaced and deleted meanwhile", async () => {
  const cloud = await start();
  await inParts(cloud);
  const { Body } = await cloud.s3.send(new GetObjectCommand({ Bucket, Key }));
  await inParts(cloud, "other");
  await cloud.s3.send(new DeleteObjectCommand({ Bucket, Key }));
  const text = (await Body?.transformToString()) ?? "";
  expect([text.length, text.slice(-5)]).toEqual([MIN_PART_BYTES + 4, "atail"]);
  await expect.poll(() => files(cloud)).toEqual([]);
});

test("a reader that leaves lets the files go", async () => {
  const cloud = await start();
  await inParts(cloud);
  const { Body } = await cloud.s3.send(new GetObjectCommand({ Bucket, Key }));
  const stream = Body as unknown as NodeJS.ReadableStream & { destroy: () => void };
  const closed = once(stream, "close");
  stream.destroy();
  await closed;
  await cloud.s3.send(new DeleteObjectCommand({ Bucket, Key }));
  await expect.poll(() => files(cloud)).toEqual([]);
  expect(cloud.reports).toEqual([]);
});

test("a copy has a body of its own: neither is hurt when the other goes", async () => {
  const cloud = await start();
  await put(cloud, Key, "x".repeat(100_000));
  const copy = new CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${Bucket}/${Key}` });
  await cloud.s3.send(copy);
  await put(cloud, Key, "y");
  expect((await get(cloud, "copy")).text).toBe("x".repeat(100_000));
  await cloud.s3.send(copy);
  expect((await get(cloud, "copy")).text).toBe("y");
  expect(await files(cloud)).toEqual([]);
});

test("of many who complete on condition that the key is absent one wins, and the losers' parts stay theirs", async () => {
  const cloud = await start();
  const uploads = await Promise.all(
    Array.from({ length: 10 }, async (_, n) => {
      const id = await begin(cloud);
      return { id, parts: [await part(cloud, id, 1, `${n}`)] };
    }),
  );
  const outcomes = await Promise.allSettled(
    uploads.map(({ id, parts: Parts }) =>
      cloud.s3.send(
        new CompleteMultipartUploadCommand({
          Bucket,
          Key,
          UploadId: id,
          IfNoneMatch: "*",
          MultipartUpload: { Parts },
        }),
      ),
    ),
  );
  const winners = outcomes.flatMap((it, n) => (it.status === "fulfilled" ? [`${n}`] : []));
  expect(winners).toEqual([(await get(cloud, Key)).text]);
  expect(await files(cloud)).toHaveLength(10);
});
