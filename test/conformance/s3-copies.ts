import assert from "node:assert/strict";
import { CopyObjectCommand, type CopyObjectCommandInput } from "@aws-sdk/client-s3";
import { refused } from "./assertions.ts";
import { s3Api, type Check } from "./check.ts";
import { begin, bigPart, complete, part } from "./multipart.ts";
import type { World } from "./world.ts";

const copies = s3Api("API_CopyObject");

const metadata = { ContentType: "text/x-source", Metadata: { a: "1" } };

async function source(w: World): Promise<string> {
  return w.put(w.key("from"), "bytes", metadata);
}

const copy = (w: World, more: Partial<CopyObjectCommandInput> = {}) =>
  w.s3.send(
    new CopyObjectCommand({
      Bucket: w.bucket,
      Key: w.key("to"),
      CopySource: `${w.bucket}/${w.key("from")}`,
      ...more,
    }),
  );

const OTHER = '"00000000000000000000000000000000"';
const past = () => new Date(Date.now() - 3_600_000);

const conditions: [id: string, says: string, more: (etag: string) => Partial<CopyObjectCommandInput>][] = [
  ["if-match", "A copy whose source has another ETag is 412.", () => ({ CopySourceIfMatch: OTHER })],
  [
    "if-none-match",
    "A copy whose source has the named ETag is 412.",
    (etag) => ({ CopySourceIfNoneMatch: etag }),
  ],
  [
    "unmodified",
    "A copy whose source changed since is 412.",
    () => ({ CopySourceIfUnmodifiedSince: past() }),
  ],
];

export const s3CopyChecks: readonly Check[] = [
  copies("s3-copy", "A copy has its source's bytes, ETag and metadata.", async (w) => {
    const etag = await source(w);
    const { CopyObjectResult } = await copy(w);
    assert.equal(CopyObjectResult?.ETag, etag);
    assert.ok(CopyObjectResult.LastModified);
    const answer = await w.get(w.key("to"));
    assert.deepEqual(
      [answer.text, answer.ContentType, answer.Metadata],
      ["bytes", "text/x-source", { a: "1" }],
    );
  }),
  copies(
    "s3-copy-metadata-kept",
    "Metadata of the request is ignored unless it replaces the source's.",
    async (w) => {
      await source(w);
      await copy(w, { Metadata: { b: "2" } });
      assert.deepEqual((await w.get(w.key("to"))).Metadata, { a: "1" });
    },
  ),
  copies(
    "s3-copy-metadata-replaced",
    "With the directive REPLACE the request's metadata is taken.",
    async (w) => {
      await source(w);
      await copy(w, { MetadataDirective: "REPLACE", Metadata: { b: "2" }, ContentType: "text/x-new" });
      const answer = await w.get(w.key("to"));
      assert.deepEqual(
        [answer.text, answer.ContentType, answer.Metadata],
        ["bytes", "text/x-new", { b: "2" }],
      );
    },
  ),
  copies("s3-copy-self", "A copy to itself that changes nothing is refused.", async (w) => {
    await source(w);
    await refused(copy(w, { Key: w.key("from") }), "InvalidRequest", 400);
  }),
  copies("s3-copy-self-metadata", "A copy to itself can replace the metadata.", async (w) => {
    await source(w);
    await copy(w, { Key: w.key("from"), MetadataDirective: "REPLACE", Metadata: { c: "3" } });
    const answer = await w.get(w.key("from"));
    assert.deepEqual([answer.text, answer.Metadata], ["bytes", { c: "3" }]);
  }),
  copies("s3-copy-missing", "A copy of a key that is not there is NoSuchKey.", (w) =>
    refused(copy(w, { CopySource: `${w.bucket}/${w.key("none")}` }), "NoSuchKey", 404),
  ),
  copies("s3-copy-names", "The source's key is percent-encoded.", async (w) => {
    await w.put(w.key("ü b+c%"), "odd");
    await copy(w, { CopySource: encodeURIComponent(`${w.bucket}/${w.key("ü b+c%")}`) });
    assert.equal((await w.get(w.key("to"))).text, "odd");
  }),
  copies("s3-copy-bucket", "A copy may come from another bucket.", async (w) => {
    const other = await w.makeBucket();
    await source(w);
    await copy(w, { Bucket: other });
    assert.equal((await w.get(w.key("to"), { Bucket: other })).text, "bytes");
  }),
  ...conditions.map(([id, says, more]) =>
    copies(`s3-copy-${id}`, says, async (w) => {
      const etag = await source(w);
      await refused(copy(w, more(etag)), "PreconditionFailed", 412);
      await refused(w.get(w.key("to")), "NoSuchKey");
    }),
  ),
  copies("s3-copy-conditions-met", "A copy whose conditions hold is made.", async (w) => {
    const etag = await source(w);
    await copy(w, {
      CopySourceIfMatch: etag,
      CopySourceIfNoneMatch: OTHER,
      CopySourceIfModifiedSince: past(),
    });
    assert.equal((await w.get(w.key("to"))).text, "bytes");
  }),
  copies("s3-copy-bad-source", "A source that names no key is InvalidArgument.", (w) =>
    refused(copy(w, { CopySource: "nothing" }), "InvalidArgument", 400),
  ),
  copies("s3-copy-of-parts", "A copy of an object that was uploaded in parts is one whole.", async (w) => {
    const it = await begin(w, "from");
    await complete(w, it, [await part(w, it, 1, bigPart("a")), await part(w, it, 2, "end")]);
    const { CopyObjectResult } = await copy(w);
    assert.match(CopyObjectResult?.ETag ?? "", /^"[0-9a-f]{32}"$/);
    assert.equal((await w.get(w.key("to"), { Range: "bytes=-5" })).text, "aaend");
  }),
];
