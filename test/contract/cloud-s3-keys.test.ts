import { DeleteObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import { Bucket, get, put, start } from "../unit/cloud-local/objects.ts";

describe("keys", () => {
  const keys = [
    "../../etc/passwd",
    "a/../../b",
    "/leading",
    "//",
    "a//b",
    ".",
    "..",
    "a/./b",
    "%2e%2e%2f",
    "a b+c",
    "ü/\u{1F600}",
    "a\\b",
    "nul\u0000byte",
    "line\nbreak",
    "?q=1#f",
    "x".repeat(1024),
  ];

  test.each(keys)("%j is only a name", async (key) => {
    const cloud = await start();
    const large = key.repeat(3) + "v".repeat(70_000);
    await put(cloud, key, large);
    expect((await get(cloud, key)).text).toBe(large);
    const { Contents } = await cloud.s3.send(new ListObjectsV2Command({ Bucket, EncodingType: "url" }));
    expect(Contents?.map((it) => decodeURIComponent((it.Key ?? "").replaceAll("+", " ")))).toEqual([key]);
    await cloud.s3.send(new DeleteObjectCommand({ Bucket, Key: key }));
    expect((await cloud.s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
  });

  test("longer than 1,024 bytes are refused", async () => {
    const cloud = await start();
    await expect(put(cloud, "é".repeat(513), "v")).rejects.toMatchObject({ name: "KeyTooLongError" });
  });
});

describe("listing", () => {
  test("goes through pages in byte order, with groups, start and encoding", async () => {
    const cloud = await start();
    const keys = ["B", "a", "a/1", "a/2", "b/x/1", "é", "\uffee", "\u{1F600}"];
    await Promise.all(keys.map((key) => put(cloud, key, "v")));
    const all: (string | undefined)[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await cloud.s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 3, ContinuationToken }));
      all.push(...(page.Contents ?? []).map((it) => it.Key));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(all).toEqual(keys);
    const grouped = await cloud.s3.send(
      new ListObjectsV2Command({ Bucket, Delimiter: "/", StartAfter: "a" }),
    );
    expect(grouped.CommonPrefixes?.map((it) => it.Prefix)).toEqual(["a/", "b/"]);
    expect(grouped.Contents?.map((it) => it.Key)).toEqual(["é", "\uffee", "\u{1F600}"]);
    const below = await cloud.s3.send(new ListObjectsV2Command({ Bucket, Prefix: "a/", Delimiter: "/" }));
    expect(below).toMatchObject({ KeyCount: 2, IsTruncated: false, Prefix: "a/" });
  });
});
