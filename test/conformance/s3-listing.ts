import assert from "node:assert/strict";
import {
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsCommandInput,
  type ListObjectsV2CommandInput,
} from "@aws-sdk/client-s3";
import { refused } from "./assertions.ts";
import { s3Api, type Check } from "./check.ts";
import { codeIn } from "./raw.ts";
import type { World } from "./world.ts";

const v1 = s3Api("API_ListObjects");
const v2 = s3Api("API_ListObjectsV2");

/** In the order of their UTF-8 bytes, which is not that of UTF-16. */
const keys = ["B", "a", "a/1", "a/2", "a/b/3", "b/x", "é", "\uffee", "\u{1F600}"];

async function filled(w: World, names: readonly string[] = keys): Promise<void> {
  await Promise.all(names.map((name) => w.put(w.key(name), name)));
}

const list = (w: World, more: Partial<ListObjectsV2CommandInput> = {}) =>
  w.s3.send(new ListObjectsV2Command({ Bucket: w.bucket, Prefix: w.key(""), ...more }));
const listV1 = (w: World, more: Partial<ListObjectsCommandInput> = {}) =>
  w.s3.send(new ListObjectsCommand({ Bucket: w.bucket, Prefix: w.key(""), ...more }));

const strip = (w: World, found: readonly { Key?: string | undefined }[] = []) =>
  found.map((it) => (it.Key ?? "").slice(w.key("").length));
const groups = (w: World, found: readonly { Prefix?: string | undefined }[] = []) =>
  found.map((it) => (it.Prefix ?? "").slice(w.key("").length));

export const s3ListingChecks: readonly Check[] = [
  v2("s3-list-order", "Keys are listed in the order of their UTF-8 bytes.", async (w) => {
    await filled(w);
    const { Contents, KeyCount, IsTruncated } = await list(w);
    assert.deepEqual(strip(w, Contents), keys);
    assert.deepEqual([KeyCount, IsTruncated], [keys.length, false]);
  }),
  v2("s3-list-pages", "A long listing goes on with its continuation token.", async (w) => {
    await filled(w);
    const all: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await list(w, { MaxKeys: 2, ContinuationToken });
      assert.ok((page.Contents?.length ?? 0) <= 2);
      all.push(...strip(w, page.Contents));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    assert.deepEqual(all, keys);
  }),
  v2(
    "s3-list-delimiter",
    "Keys that share a prefix up to the delimiter are one common prefix.",
    async (w) => {
      await filled(w);
      const { Contents, CommonPrefixes, KeyCount } = await list(w, { Delimiter: "/" });
      assert.deepEqual(strip(w, Contents), ["B", "a", "é", "\uffee", "\u{1F600}"]);
      assert.deepEqual(groups(w, CommonPrefixes), ["a/", "b/"]);
      assert.equal(KeyCount, 7);
    },
  ),
  v2("s3-list-delimiter-below", "With a longer prefix, grouping starts behind it.", async (w) => {
    await filled(w);
    const { Contents, CommonPrefixes } = await list(w, { Prefix: w.key("a/"), Delimiter: "/" });
    assert.deepEqual(strip(w, Contents), ["a/1", "a/2"]);
    assert.deepEqual(groups(w, CommonPrefixes), ["a/b/"]);
  }),
  v2("s3-list-delimiter-pages", "A common prefix counts as one entry and is told once.", async (w) => {
    await filled(w);
    const all: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await list(w, { MaxKeys: 1, Delimiter: "/", ContinuationToken });
      all.push(...strip(w, page.Contents), ...groups(w, page.CommonPrefixes));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    assert.deepEqual(all, ["B", "a", "a/", "b/", "é", "\uffee", "\u{1F600}"]);
  }),
  v2("s3-list-long-delimiter", "A delimiter may be longer than one character.", async (w) => {
    await filled(w, ["x--1", "x--2", "y-3"]);
    const { Contents, CommonPrefixes } = await list(w, { Delimiter: "--" });
    assert.deepEqual([strip(w, Contents), groups(w, CommonPrefixes)], [["y-3"], ["x--"]]);
  }),
  v2("s3-list-start-after", "A listing can start after a key, whether it is there or not.", async (w) => {
    await filled(w, ["a", "b", "d"]);
    assert.deepEqual(strip(w, (await list(w, { StartAfter: w.key("b") })).Contents), ["d"]);
    assert.deepEqual(strip(w, (await list(w, { StartAfter: w.key("aa") })).Contents), ["b", "d"]);
  }),
  v2("s3-list-token-outranks", "A continuation token outranks StartAfter.", async (w) => {
    await filled(w, ["a", "b", "c"]);
    const StartAfter = w.key("a");
    const { NextContinuationToken } = await list(w, { MaxKeys: 1, StartAfter });
    const next = await list(w, { ContinuationToken: NextContinuationToken, StartAfter: w.key("b") });
    assert.deepEqual(strip(w, next.Contents), ["c"]);
  }),
  v2("s3-list-token-unknown", "A continuation token that no listing gave is refused.", async (w) => {
    for (const ContinuationToken of ["zz", ""]) {
      await refused(list(w, { ContinuationToken }), "InvalidArgument", 400);
    }
  }),
  v2("s3-list-no-keys", "A listing of no keys is empty and not truncated.", async (w) => {
    await filled(w, ["a"]);
    const { Contents, KeyCount, IsTruncated } = await list(w, { MaxKeys: 0 });
    assert.deepEqual([Contents ?? [], KeyCount, IsTruncated], [[], 0, false]);
  }),
  v2(
    "s3-list-encoding",
    "With encoding-type=url keys come percent-encoded, a space as a plus sign.",
    async (w) => {
      await filled(w, ["a b+c(1)/é\n~*"]);
      const { Contents, EncodingType } = await list(w, { EncodingType: "url" });
      assert.equal(EncodingType, "url");
      assert.equal(strip(w, Contents)[0], "a+b%2Bc%281%29/%C3%A9%0A%7E*");
    },
  ),
  v2("s3-list-owner", "The owner is listed when asked for.", async (w) => {
    await filled(w, ["a"]);
    assert.equal((await list(w)).Contents?.[0]?.Owner, undefined);
    assert.ok((await list(w, { FetchOwner: true })).Contents?.[0]?.Owner?.ID);
  }),
  v2("s3-list-entry", "An entry has size, ETag, time and storage class.", async (w) => {
    const etag = await w.put(w.key("a"), "hello");
    const [entry] = (await list(w)).Contents ?? [];
    assert.deepEqual([entry?.Size, entry?.ETag, entry?.StorageClass], [5, etag, "STANDARD"]);
    assert.ok(Math.abs((entry?.LastModified?.getTime() ?? 0) - Date.now()) < 15 * 60_000);
  }),
  v2("s3-list-bad-number", "A max-keys that is no number is InvalidArgument.", async (w) => {
    const target = `/${w.bucket}?list-type=2&max-keys=x`;
    const answer = await w.raw({ service: "s3", method: "GET", target });
    assert.deepEqual([answer.status, codeIn(answer)], [400, "InvalidArgument"]);
  }),
  v2("s3-list-no-bucket", "Listing a bucket that is not there is NoSuchBucket.", (w) =>
    refused(list(w, { Bucket: `${w.bucket}-none` }), "NoSuchBucket", 404),
  ),
  v1("s3-list-v1", "Version 1 goes on from the last key, named as marker.", async (w) => {
    await filled(w);
    const all: string[] = [];
    let Marker: string | undefined;
    for (;;) {
      const page = await listV1(w, { MaxKeys: 4, Marker });
      assert.equal(page.NextMarker, undefined);
      all.push(...strip(w, page.Contents));
      if (!page.IsTruncated) break;
      Marker = page.Contents?.at(-1)?.Key;
    }
    assert.deepEqual(all, keys);
  }),
  v1(
    "s3-list-v1-delimiter",
    "With a delimiter, version 1 names the next marker, which may be a prefix.",
    async (w) => {
      await filled(w);
      const all: string[] = [];
      let Marker: string | undefined;
      do {
        const page = await listV1(w, { MaxKeys: 1, Delimiter: "/", Marker });
        all.push(...strip(w, page.Contents), ...groups(w, page.CommonPrefixes));
        Marker = page.NextMarker;
      } while (Marker !== undefined);
      assert.deepEqual(all, ["B", "a", "a/", "b/", "é", "\uffee", "\u{1F600}"]);
    },
  ),
  v1("s3-list-v1-owner", "Version 1 always lists the owner.", async (w) => {
    await filled(w, ["a"]);
    assert.ok((await listV1(w)).Contents?.[0]?.Owner?.ID);
  }),
];
