import assert from "node:assert/strict";
import { DeleteObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { refused } from "./assertions.ts";
import { s3Api, s3Guide, type Check } from "./check.ts";
import type { World } from "./world.ts";

const reads = s3Api("API_GetObject");
const writes = s3Guide("conditional-writes");
const deletes = s3Guide("conditional-deletes");

const past = () => new Date(Date.now() - 3_600_000);
const OTHER = '"00000000000000000000000000000000"';

/** A key that holds "v", and its ETag. */
async function stored(w: World): Promise<{ key: string; etag: string }> {
  const key = w.key("k");
  return { key, etag: await w.put(key, "v") };
}

/** A PUT that was refused changed nothing. */
async function unchanged(w: World, key: string): Promise<void> {
  assert.equal((await w.get(key)).text, "v");
}

export const s3ConditionChecks: readonly Check[] = [
  reads("s3-if-match", "If-Match with the object's ETag reads it.", async (w) => {
    const { key, etag } = await stored(w);
    assert.equal((await w.get(key, { IfMatch: etag })).text, "v");
  }),
  reads("s3-if-match-other", "If-Match with another ETag is 412.", async (w) => {
    const { key } = await stored(w);
    await refused(w.get(key, { IfMatch: OTHER }), "PreconditionFailed", 412);
  }),
  reads("s3-if-none-match", "If-None-Match with the object's ETag is 304.", async (w) => {
    const { key, etag } = await stored(w);
    await refused(w.get(key, { IfNoneMatch: etag }), /./, 304);
  }),
  reads("s3-if-none-match-other", "If-None-Match with another ETag reads the object.", async (w) => {
    const { key } = await stored(w);
    assert.equal((await w.get(key, { IfNoneMatch: OTHER })).text, "v");
  }),
  reads("s3-if-modified-since", "If-Modified-Since a time after the last change is 304.", async (w) => {
    const { key } = await stored(w);
    const { LastModified } = await w.s3.send(new HeadObjectCommand({ Bucket: w.bucket, Key: key }));
    await refused(w.get(key, { IfModifiedSince: LastModified }), /./, 304);
    assert.equal((await w.get(key, { IfModifiedSince: past() })).text, "v");
  }),
  reads("s3-if-unmodified-since", "If-Unmodified-Since a time before the last change is 412.", async (w) => {
    const { key } = await stored(w);
    await refused(w.get(key, { IfUnmodifiedSince: past() }), "PreconditionFailed", 412);
  }),
  reads("s3-match-outranks-date", "A true If-Match outranks a false If-Unmodified-Since.", async (w) => {
    const { key, etag } = await stored(w);
    assert.equal((await w.get(key, { IfMatch: etag, IfUnmodifiedSince: past() })).text, "v");
  }),
  reads(
    "s3-none-match-outranks-date",
    "A false If-None-Match outranks a true If-Modified-Since.",
    async (w) => {
      const { key, etag } = await stored(w);
      await refused(w.get(key, { IfNoneMatch: etag, IfModifiedSince: past() }), /./, 304);
    },
  ),
  s3Api("API_HeadObject")("s3-head-conditions", "HEAD heeds the same conditions.", async (w) => {
    const { key, etag } = await stored(w);
    const head = (more: object) => w.s3.send(new HeadObjectCommand({ Bucket: w.bucket, Key: key, ...more }));
    await refused(head({ IfNoneMatch: etag }), /./, 304);
    await refused(head({ IfMatch: OTHER }), /./, 412);
  }),
  writes("s3-create-once", "If-None-Match: * creates a key that is not there, and no other.", async (w) => {
    const { key } = await stored(w);
    await refused(w.put(key, "other", { IfNoneMatch: "*" }), "PreconditionFailed", 412);
    await unchanged(w, key);
    await w.put(w.key("new"), "v", { IfNoneMatch: "*" });
    await unchanged(w, w.key("new"));
  }),
  writes("s3-create-race", "Of many who create one key at the same time, one wins.", async (w) => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => w.put(w.key("k"), `${n}`, { IfNoneMatch: "*" })),
    );
    const winners = outcomes.flatMap((it, n) => (it.status === "fulfilled" ? [`${n}`] : []));
    assert.deepEqual(winners, [(await w.get(w.key("k"))).text]);
    for (const it of outcomes) {
      if (it.status === "rejected")
        assert.match((it.reason as Error).name, /PreconditionFailed|ConditionalRequestConflict/);
    }
  }),
  writes("s3-replace-match", "If-Match on PUT replaces only the object with that ETag.", async (w) => {
    const { key, etag } = await stored(w);
    await refused(w.put(key, "other", { IfMatch: OTHER }), "PreconditionFailed", 412);
    await unchanged(w, key);
    await w.put(key, "new", { IfMatch: etag });
    assert.equal((await w.get(key)).text, "new");
  }),
  writes("s3-replace-missing", "If-Match on PUT of a key that is not there is 404.", async (w) => {
    await refused(w.put(w.key("k"), "v", { IfMatch: OTHER }), "NoSuchKey", 404);
  }),
  writes("s3-replace-race", "Of many who replace one version, one wins.", async (w) => {
    const { key, etag } = await stored(w);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) => w.put(key, `new ${n}`, { IfMatch: etag })),
    );
    assert.equal(outcomes.filter((it) => it.status === "fulfilled").length, 1);
  }),
  deletes("s3-delete-match", "If-Match on DELETE deletes only the object with that ETag.", async (w) => {
    const { key, etag } = await stored(w);
    const drop = (IfMatch: string) =>
      w.s3.send(new DeleteObjectCommand({ Bucket: w.bucket, Key: key, IfMatch }));
    await refused(drop(OTHER), "PreconditionFailed", 412);
    await unchanged(w, key);
    await drop(etag);
    await refused(w.get(key), "NoSuchKey");
  }),
];
