import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type ChecksumAlgorithm,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createFakeClock } from "../support/fake-clock.ts";
import { Bucket, get, put, start } from "../unit/cloud-local/objects.ts";
import { raw } from "../unit/cloud-local/raw.ts";
import { temporaryFolder, testCloud } from "../unit/cloud-local/cloud.ts";

const status = (code: number) => ({ $metadata: expect.objectContaining({ httpStatusCode: code }) });

describe("buckets", () => {
  test("are created once, listed, found, and deleted when empty", async () => {
    const cloud = await testCloud();
    const { s3 } = cloud;
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new CreateBucketCommand({ Bucket }));
    expect((await s3.send(new ListBucketsCommand({}))).Buckets?.map((it) => it.Name)).toEqual([Bucket]);
    expect((await s3.send(new HeadBucketCommand({ Bucket }))).BucketRegion).toBe("us-east-1");
    await put(cloud, "k", "v");
    await expect(s3.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({
      name: "BucketNotEmpty",
    });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
    await s3.send(new DeleteBucketCommand({ Bucket }));
    await expect(s3.send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject(status(404));
    await expect(put(cloud, "k", "v")).rejects.toMatchObject({ name: "NoSuchBucket" });
  });

  test.each(["UPPER", "a", "a..b", "127.0.0.1", "has_underscore", "x".repeat(64)])(
    "cannot be called %s",
    async (name) => {
      const { s3 } = await testCloud();
      await expect(s3.send(new CreateBucketCommand({ Bucket: name }))).rejects.toMatchObject({
        name: "InvalidBucketName",
      });
    },
  );
});

describe("objects", () => {
  test("come back with what was said about them", async () => {
    const cloud = await start();
    const before = Date.now();
    const stored = await put(cloud, "k", "hello", {
      ContentType: "text/plain; charset=utf-8",
      CacheControl: "no-store",
      ContentDisposition: 'attachment; filename="a.txt"',
      ContentEncoding: "identity",
      ContentLanguage: "de",
      Metadata: { attempt: "a-1", "with-dash": "x y" },
    });
    expect(stored.ETag).toBe(`"${createHash("md5").update("hello").digest("hex")}"`);
    const expected = {
      ETag: stored.ETag,
      ContentLength: 5,
      ContentType: "text/plain; charset=utf-8",
      CacheControl: "no-store",
      ContentDisposition: 'attachment; filename="a.txt"',
      ContentEncoding: "identity",
      ContentLanguage: "de",
      Metadata: { attempt: "a-1", "with-dash": "x y" },
    };
    expect(await get(cloud, "k")).toMatchObject({ ...expected, text: "hello" });
    const head = await cloud.s3.send(new HeadObjectCommand({ Bucket, Key: "k" }));
    expect(head).toMatchObject(expected);
    expect(Math.abs((head.LastModified?.getTime() ?? 0) - before)).toBeLessThan(2000);
  });

  test.each([0, 1, 65_536, 65_537, 3_000_000])(
    "of %i bytes, from memory and from a stream of unknown pace",
    async (size) => {
      const cloud = await start();
      const bytes = randomBytes(size);
      const path = join(await temporaryFolder(), "body");
      await writeFile(path, bytes);
      await put(cloud, "memory", bytes);
      await cloud.s3.send(
        new PutObjectCommand({ Bucket, Key: "stream", Body: createReadStream(path), ContentLength: size }),
      );
      for (const Key of ["memory", "stream"]) {
        const { Body } = await cloud.s3.send(new GetObjectCommand({ Bucket, Key }));
        expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
      }
    },
  );

  test.each([
    ["bytes=2-4", "cde", "bytes 2-4/10"],
    ["bytes=7-", "hij", "bytes 7-9/10"],
    ["bytes=-2", "ij", "bytes 8-9/10"],
    ["bytes=-99", "abcdefghij", "bytes 0-9/10"],
    ["bytes=8-99", "ij", "bytes 8-9/10"],
    ["bytes=0-1,3-4", "abcdefghij", undefined],
  ])("range %s", async (Range, text, ContentRange) => {
    const cloud = await start();
    await put(cloud, "k", "abcdefghij");
    const answer = await get(cloud, "k", { Range });
    expect([answer.text, answer.ContentRange]).toEqual([text, ContentRange]);
  });

  test("a range of a large object is read from the file; one behind its end is refused", async () => {
    const cloud = await start();
    await put(cloud, "k", `${"a".repeat(100_000)}bcd`);
    expect((await get(cloud, "k", { Range: "bytes=99999-100001" })).text).toBe("abc");
    for (const Range of ["bytes=100003-", "bytes=-0"]) {
      await expect(get(cloud, "k", { Range })).rejects.toMatchObject({
        name: "InvalidRange",
        ...status(416),
      });
    }
  });

  test("reads on conditions", async () => {
    const cloud = await start();
    const { ETag = "" } = await put(cloud, "k", "v");
    const past = new Date(Date.now() - 60_000);
    expect((await get(cloud, "k", { IfMatch: ETag })).text).toBe("v");
    await expect(get(cloud, "k", { IfMatch: '"other"' })).rejects.toMatchObject(status(412));
    await expect(get(cloud, "k", { IfNoneMatch: ETag })).rejects.toMatchObject(status(304));
    expect((await get(cloud, "k", { IfNoneMatch: '"other"' })).text).toBe("v");
    await expect(get(cloud, "k", { IfModifiedSince: new Date() })).rejects.toMatchObject(status(304));
    await expect(get(cloud, "k", { IfUnmodifiedSince: past })).rejects.toMatchObject(status(412));
    await expect(get(cloud, "none")).rejects.toMatchObject({ name: "NoSuchKey", ...status(404) });
  });

  test("deleting is quiet about what is not there, one by one and a thousand at once", async () => {
    const cloud = await start();
    const odd = "a&<b>\"'\n\u{1F600} é";
    await put(cloud, odd, "v");
    await put(cloud, "large", "x".repeat(100_000));
    await put(cloud, "stays", "v");
    const Objects = [{ Key: odd }, { Key: "large" }, { Key: "never was" }];
    const { Deleted } = await cloud.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(Deleted?.map((it) => it.Key)).toEqual([odd, "large", "never was"]);
    await cloud.s3.send(new DeleteObjectCommand({ Bucket, Key: "never was" }));
    const { Contents } = await cloud.s3.send(new ListObjectsV2Command({ Bucket }));
    expect(Contents?.map((it) => it.Key)).toEqual(["stays"]);
    expect(await readdir(join(cloud.dir, "objects"))).toEqual([]);
  });
});

describe("conditional writes", () => {
  test("of many creators of one key exactly one wins", async () => {
    const cloud = await start();
    for (const size of [10, 100_000]) {
      const Key = `claim-${size}`;
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) =>
          put(cloud, Key, `${index} ${"x".repeat(size)}`, { IfNoneMatch: "*" }),
        ),
      );
      const winners = outcomes.flatMap((it, index) => (it.status === "fulfilled" ? [index] : []));
      const losers = outcomes.flatMap((it) => (it.status === "rejected" ? [it.reason as Error] : []));
      expect(winners).toHaveLength(1);
      for (const loser of losers) expect(loser).toMatchObject({ name: "PreconditionFailed", ...status(412) });
      expect((await get(cloud, Key)).text?.split(" ")[0]).toBe(String(winners[0]));
    }
    // The losers' bodies are gone; only the large winner has a file.
    expect(await readdir(join(cloud.dir, "objects"))).toHaveLength(1);
  });

  test("a large object that is replaced leaves no file behind", async () => {
    const cloud = await start();
    for (const text of ["a", "b", "c"]) await put(cloud, "k", text.repeat(100_000));
    expect(await readdir(join(cloud.dir, "objects"))).toHaveLength(1);
    await put(cloud, "k", "small");
    expect(await readdir(join(cloud.dir, "objects"))).toEqual([]);
  });

  test("of many who replace the same version exactly one wins", async () => {
    const cloud = await start();
    const { ETag: IfMatch } = await put(cloud, "k", "old");
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => put(cloud, "k", `new ${n}`, { IfMatch })),
    );
    expect(outcomes.filter((it) => it.status === "fulfilled")).toHaveLength(1);
    await expect(put(cloud, "none", "v", { IfMatch })).rejects.toMatchObject({
      name: "NoSuchKey",
      ...status(404),
    });
  });
});

describe("integrity", () => {
  test.each(["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as ChecksumAlgorithm[])(
    "%s is checked, kept and given back",
    async (ChecksumAlgorithm) => {
      const cloud = await start();
      const field = `Checksum${ChecksumAlgorithm}` as const;
      // The SDK needs a native package for CRC64NVME, so that one is given: the check value of the CRC catalogue.
      const given =
        ChecksumAlgorithm === "CRC64NVME"
          ? { [field]: Buffer.from("ae8b14860a799888", "hex").toString("base64") }
          : { ChecksumAlgorithm };
      const stored = await put(cloud, "k", "123456789", given);
      expect(stored[field]).toBeTruthy();
      const head = await cloud.s3.send(new HeadObjectCommand({ Bucket, Key: "k", ChecksumMode: "ENABLED" }));
      expect(head[field]).toBe(stored[field]);
      const wrong = {
        [field]: Buffer.alloc(Buffer.from(stored[field] ?? "", "base64").length, 7).toString("base64"),
      };
      await expect(put(cloud, "k2", "123456789", wrong)).rejects.toMatchObject({
        name: "BadDigest",
        ...status(400),
      });
      await expect(get(cloud, "k2")).rejects.toMatchObject({ name: "NoSuchKey" });
    },
  );

  test("a wrong Content-MD5 is refused, and nothing is written", async () => {
    const cloud = await start();
    const ContentMD5 = createHash("md5").update("other").digest("base64");
    await put(cloud, "k", "old");
    await expect(put(cloud, "k", "v", { ContentMD5 })).rejects.toMatchObject({ name: "BadDigest" });
    await expect(put(cloud, "k", "v", { ContentMD5: "bm8=" })).rejects.toMatchObject({
      name: "InvalidDigest",
    });
    expect((await get(cloud, "k")).text).toBe("old");
  });
});

describe("presigned URLs", () => {
  test("let anyone read and write until they expire", async () => {
    const clock = createFakeClock(Date.now());
    const cloud = await testCloud({ clock, provision: { buckets: [Bucket] } });
    const at = { expiresIn: 60, signingDate: new Date(clock.now()) };
    const write = await getSignedUrl(cloud.s3, new PutObjectCommand({ Bucket, Key: "k" }), at);
    const read = await getSignedUrl(
      cloud.s3,
      new GetObjectCommand({ Bucket, Key: "k", ResponseContentType: "text/x-mine" }),
      at,
    );
    expect((await fetch(write, { method: "PUT", body: "by anyone" })).status).toBe(200);
    const answer = await fetch(read);
    expect([await answer.text(), answer.headers.get("content-type")]).toEqual(["by anyone", "text/x-mine"]);
    expect((await fetch(read, { method: "DELETE" })).status).toBe(403);
    expect((await fetch(read.replace("/k?", "/other?"))).status).toBe(403);
    clock.advance(62_000);
    for (const [url, method] of [
      [read, "GET"],
      [write, "PUT"],
    ] as const) {
      const late = await fetch(url, { method });
      expect(late.status).toBe(403);
      expect(await late.text()).toContain("Request has expired");
    }
  });
});

test("a bucket may stand in the host name", async () => {
  const cloud = await start();
  const headers = { host: `${Bucket}.localhost:${new URL(cloud.endpoint).port}` };
  expect((await raw(cloud, { method: "PUT", target: "/a/b", body: "v", headers })).status).toBe(200);
  expect((await get(cloud, "a/b")).text).toBe("v");
});
