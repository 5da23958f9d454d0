import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { DeleteObjectCommand, DeleteObjectsCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { refused, sameItems } from "./assertions.ts";
import { s3Api, type Check } from "./check.ts";
import { codeIn } from "./raw.ts";
import type { World } from "./world.ts";

const one = s3Api("API_DeleteObject");
const many = s3Api("API_DeleteObjects");

const drop = (w: World, names: readonly string[], Quiet = false) =>
  w.s3.send(
    new DeleteObjectsCommand({
      Bucket: w.bucket,
      Delete: { Objects: names.map((name) => ({ Key: w.key(name) })), Quiet },
    }),
  );

const numbers = (count: number) => Array.from({ length: count }, (_, n) => `${n}`);

export const s3DeleteChecks: readonly Check[] = [
  one("s3-delete", "A deleted object is gone at once.", async (w) => {
    await w.put(w.key("k"), "v");
    const answer = await w.s3.send(new DeleteObjectCommand({ Bucket: w.bucket, Key: w.key("k") }));
    assert.equal(answer.$metadata.httpStatusCode, 204);
    await refused(w.get(w.key("k")), "NoSuchKey", 404);
  }),
  one("s3-delete-missing", "Deleting a key that is not there succeeds.", async (w) => {
    const answer = await w.s3.send(new DeleteObjectCommand({ Bucket: w.bucket, Key: w.key("none") }));
    assert.equal(answer.$metadata.httpStatusCode, 204);
  }),
  many("s3-delete-many", "Many objects are deleted in one request, each told, there or not.", async (w) => {
    const names = ["a&<b>\"'", "line\nbreak", "\u{1F600} é", "c"];
    for (const name of names) await w.put(w.key(name), "v");
    const { Deleted = [], Errors } = await drop(w, [...names, "never was"]);
    sameItems(
      Deleted.map((it) => it.Key),
      [...names, "never was"].map((name) => w.key(name)),
    );
    assert.equal(Errors, undefined);
    const left = await w.s3.send(new ListObjectsV2Command({ Bucket: w.bucket, Prefix: w.key("") }));
    assert.equal(left.KeyCount, 0);
  }),
  many("s3-delete-quiet", "In quiet mode only errors are told.", async (w) => {
    await w.put(w.key("a"), "v");
    assert.equal((await drop(w, ["a", "b"], true)).Deleted, undefined);
    await refused(w.get(w.key("a")), "NoSuchKey");
  }),
  many("s3-delete-thousand", "A request names up to 1,000 keys.", async (w) => {
    assert.equal((await drop(w, numbers(1000))).Deleted?.length, 1000);
    await refused(drop(w, numbers(1001)), "MalformedXML", 400);
  }),
  many("s3-delete-digest", "The request carries a digest of its body, and it is checked.", async (w) => {
    const body = `<Delete><Object><Key>${w.key("k")}</Key></Object></Delete>`;
    const ask = (headers: Record<string, string>) =>
      w.raw({ service: "s3", method: "POST", target: `/${w.bucket}?delete=`, headers, body });
    await w.put(w.key("k"), "v");
    assert.equal(codeIn(await ask({})), "InvalidRequest");
    assert.equal(codeIn(await ask({ "content-md5": Buffer.alloc(16).toString("base64") })), "BadDigest");
    assert.equal((await w.get(w.key("k"))).text, "v");
  }),
  many("s3-delete-malformed", "A document that is none is MalformedXML.", async (w) => {
    const body = "<Delete><Object>";
    const headers = { "content-md5": createHash("md5").update(body).digest("base64") };
    const target = `/${w.bucket}?delete=`;
    const answer = await w.raw({ service: "s3", method: "POST", target, headers, body });
    assert.deepEqual([answer.status, codeIn(answer)], [400, "MalformedXML"]);
  }),
];
