import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { refused, sameItems } from "./assertions.ts";
import { s3Api, s3Guide, type Check } from "./check.ts";
import { begin, bigPart, complete, MIN_PART_BYTES, part } from "./multipart.ts";
import type { World } from "./world.ts";

const finish = s3Api("API_CompleteMultipartUpload");
const upload = s3Api("API_UploadPart");
const copy = s3Api("API_UploadPartCopy");
const abort = s3Api("API_AbortMultipartUpload");
const parts = s3Api("API_ListParts");
const uploads = s3Api("API_ListMultipartUploads");
const guide = s3Guide("mpuoverview");

const md5 = (bytes: Buffer | string) => createHash("md5").update(bytes).digest();
const quoted = (etag: string) => `"${etag}"`;

const listUploads = (w: World, more: object = {}) =>
  w.s3.send(new ListMultipartUploadsCommand({ Bucket: w.bucket, Prefix: w.key(""), ...more }));

export const s3MultipartChecks: readonly Check[] = [
  guide(
    "s3-multipart",
    "Parts become one object, in the order of their numbers, whatever order they came in.",
    async (w) => {
      const it = await begin(w, "k", { ContentType: "text/x", Metadata: { a: "1" } });
      const last = await part(w, it, 7, "end");
      const first = await part(w, it, 2, bigPart("a"));
      await refused(w.get(it.Key), "NoSuchKey");
      const { ETag } = await complete(w, it, [first, last]);
      const answer = await w.get(it.Key);
      assert.equal(answer.text, `${"a".repeat(MIN_PART_BYTES)}end`);
      assert.deepEqual([answer.ETag, answer.ContentType, answer.Metadata], [ETag, "text/x", { a: "1" }]);
    },
  ),
  s3Api("API_Object")(
    "s3-multipart-etag",
    "The ETag is the MD5 of the parts' MD5s and their number.",
    async (w) => {
      const it = await begin(w);
      const bodies = [bigPart("a"), Buffer.from("end")] as const;
      const list = [await part(w, it, 1, bodies[0]), await part(w, it, 2, bodies[1])];
      assert.equal(list[0]?.ETag, quoted(md5(bodies[0]).toString("hex")));
      const { ETag } = await complete(w, it, list);
      assert.equal(ETag, quoted(`${md5(Buffer.concat(bodies.map(md5))).toString("hex")}-2`));
    },
  ),
  guide("s3-multipart-single", "One part, however small, is enough.", async (w) => {
    const it = await begin(w);
    await complete(w, it, [await part(w, it, 1, "small")]);
    assert.equal((await w.get(it.Key)).text, "small");
  }),
  guide("s3-multipart-again", "A part that is uploaded again replaces the earlier one.", async (w) => {
    const it = await begin(w);
    const before = await part(w, it, 1, "before");
    const after = await part(w, it, 1, "after");
    await refused(complete(w, it, [before]), "InvalidPart", 400);
    await complete(w, it, [after]);
    assert.equal((await w.get(it.Key)).text, "after");
  }),
  finish("s3-multipart-too-small", "Every part but the last has 5 MiB or more.", async (w) => {
    const it = await begin(w);
    const list = [await part(w, it, 1, Buffer.alloc(MIN_PART_BYTES - 1)), await part(w, it, 2, "end")];
    await refused(complete(w, it, list), "EntityTooSmall", 400);
  }),
  finish("s3-multipart-order", "Parts listed out of order are InvalidPartOrder.", async (w) => {
    const it = await begin(w);
    const list = [await part(w, it, 1, "a"), await part(w, it, 2, "b")];
    await refused(complete(w, it, list.toReversed()), "InvalidPartOrder", 400);
  }),
  finish("s3-multipart-missing", "A part that was not uploaded is InvalidPart.", async (w) => {
    const it = await begin(w);
    const one = await part(w, it, 1, "a");
    await refused(complete(w, it, [one, { ...one, PartNumber: 2 }]), "InvalidPart", 400);
  }),
  finish("s3-multipart-wrong-etag", "A part with another ETag is InvalidPart.", async (w) => {
    const it = await begin(w);
    const one = await part(w, it, 1, "a");
    await refused(complete(w, it, [{ ...one, ETag: quoted("0".repeat(32)) }]), "InvalidPart", 400);
  }),
  finish("s3-multipart-no-parts", "A list without parts is MalformedXML.", async (w) => {
    const it = await begin(w);
    await part(w, it, 1, "a");
    await refused(complete(w, it, []), /MalformedXML|InvalidRequest/, 400);
  }),
  finish("s3-multipart-left-out", "Parts that are not listed are not part of the object.", async (w) => {
    const it = await begin(w);
    const one = await part(w, it, 1, "one");
    await part(w, it, 2, "two");
    await complete(w, it, [one]);
    assert.equal((await w.get(it.Key)).text, "one");
  }),
  finish("s3-multipart-unknown", "An upload that is not there is NoSuchUpload.", async (w) => {
    const it = await begin(w);
    const one = await part(w, it, 1, "a");
    const other = { ...it, UploadId: `${it.UploadId.slice(0, -4)}zzzz` };
    await refused(complete(w, other, [one]), "NoSuchUpload", 404);
    await refused(part(w, other, 1, "a"), "NoSuchUpload", 404);
  }),
  finish(
    "s3-multipart-complete-once",
    "If-None-Match: * completes only when the key is not there.",
    async (w) => {
      const it = await begin(w);
      const one = await part(w, it, 1, "late");
      await w.put(it.Key, "early");
      await refused(complete(w, it, [one], { IfNoneMatch: "*" }), "PreconditionFailed", 412);
      assert.equal((await w.get(it.Key)).text, "early");
    },
  ),
  finish("s3-multipart-size", "x-amz-mp-object-size must be the size of the object.", async (w) => {
    const it = await begin(w);
    const one = await part(w, it, 1, "four");
    await refused(complete(w, it, [one], { MpuObjectSize: 5 }), "InvalidRequest", 400);
    await complete(w, it, [one], { MpuObjectSize: 4 });
  }),
  upload("s3-multipart-number", "Part numbers go from 1 to 10,000.", async (w) => {
    const it = await begin(w);
    for (const PartNumber of [0, 10_001])
      await refused(
        w.s3.send(new UploadPartCommand({ ...it, PartNumber, Body: "a" })),
        "InvalidArgument",
        400,
      );
    const last = await part(w, it, 10_000, "last");
    await complete(w, it, [last]);
    assert.equal((await w.get(it.Key)).text, "last");
  }),
  upload("s3-multipart-digest", "A part whose MD5 is wrong is BadDigest.", async (w) => {
    const it = await begin(w);
    const wrong = { ...it, PartNumber: 1, Body: "a", ContentMD5: md5("b").toString("base64") };
    await refused(w.s3.send(new UploadPartCommand(wrong)), "BadDigest", 400);
  }),
  abort("s3-multipart-abort", "An aborted upload and its parts are gone.", async (w) => {
    const it = await begin(w);
    const one = await part(w, it, 1, "a");
    await w.s3.send(new AbortMultipartUploadCommand(it));
    await refused(complete(w, it, [one]), "NoSuchUpload", 404);
    await refused(w.s3.send(new ListPartsCommand(it)), "NoSuchUpload", 404);
    assert.equal((await listUploads(w)).Uploads, undefined);
  }),
  parts("s3-parts", "Parts are listed by number, with size and ETag, in pages.", async (w) => {
    const it = await begin(w);
    for (const n of [3, 1, 2]) await part(w, it, n, "x".repeat(n));
    const { Parts = [] } = await w.s3.send(new ListPartsCommand(it));
    assert.deepEqual(
      Parts.map(({ PartNumber, Size, ETag }) => [PartNumber, Size, ETag]),
      [1, 2, 3].map((n) => [n, n, quoted(md5("x".repeat(n)).toString("hex"))]),
    );
    const first = await w.s3.send(new ListPartsCommand({ ...it, MaxParts: 2 }));
    assert.deepEqual([first.IsTruncated, first.NextPartNumberMarker], [true, "2"]);
    const next = await w.s3.send(new ListPartsCommand({ ...it, PartNumberMarker: "2" }));
    assert.deepEqual([next.IsTruncated, next.Parts?.map((one) => one.PartNumber)], [false, [3]]);
  }),
  uploads("s3-uploads", "Uploads in progress are listed by key, then by age.", async (w) => {
    const late = await begin(w, "b");
    const [first, second] = [await begin(w, "a"), await begin(w, "a")];
    const { Uploads = [] } = await listUploads(w);
    assert.deepEqual(
      Uploads.map((it) => [it.Key, it.UploadId]),
      [first, second, late].map((it) => [it.Key, it.UploadId]),
    );
  }),
  uploads("s3-uploads-pages", "A long list of uploads goes on with its markers.", async (w) => {
    const made = [await begin(w, "a"), await begin(w, "a"), await begin(w, "b")];
    const found: (string | undefined)[] = [];
    let markers: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
    for (;;) {
      const page = await listUploads(w, { MaxUploads: 1, ...markers });
      found.push(...(page.Uploads ?? []).map((it) => it.UploadId));
      if (!page.IsTruncated) break;
      markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    }
    sameItems(
      found,
      made.map((it) => it.UploadId),
    );
  }),
  uploads("s3-uploads-groups", "Uploads are grouped by a delimiter as keys are.", async (w) => {
    for (const name of ["x/1", "x/2", "y"]) await begin(w, name);
    const page = await listUploads(w, { Delimiter: "/" });
    assert.deepEqual(
      [page.CommonPrefixes?.map((it) => it.Prefix), page.Uploads?.map((it) => it.Key)],
      [[w.key("x/")], [w.key("y")]],
    );
  }),
  copy("s3-part-copy", "A part can be copied from an object, or from a range of it.", async (w) => {
    await w.put(w.key("source é"), "0123456789");
    const it = await begin(w);
    const CopySource = encodeURIComponent(`${w.bucket}/${w.key("source é")}`);
    const from = (more: object) =>
      w.s3.send(new UploadPartCopyCommand({ ...it, PartNumber: 1, CopySource, ...more }));
    const whole = await from({});
    assert.equal(whole.CopyPartResult?.ETag, quoted(md5("0123456789").toString("hex")));
    const some = await from({ CopySourceRange: "bytes=2-4" });
    await complete(w, it, [{ PartNumber: 1, ETag: some.CopyPartResult?.ETag }]);
    assert.equal((await w.get(it.Key)).text, "234");
  }),
  copy("s3-part-copy-range", "A range to copy names two positions within the source.", async (w) => {
    await w.put(w.key("source"), "0123456789");
    const it = await begin(w);
    const CopySource = `${w.bucket}/${w.key("source")}`;
    for (const CopySourceRange of ["bytes=2-", "bytes=5-10", "2-4"]) {
      const command = new UploadPartCopyCommand({ ...it, PartNumber: 1, CopySource, CopySourceRange });
      await refused(w.s3.send(command), "InvalidArgument", 400);
    }
  }),
  s3Api("API_GetObject")("s3-part-number", "A reader can ask for one part of the object.", async (w) => {
    const it = await begin(w);
    await complete(w, it, [await part(w, it, 1, bigPart("a")), await part(w, it, 2, "end")]);
    const answer = await w.get(it.Key, { PartNumber: 2 });
    assert.deepEqual([answer.text, answer.PartsCount], ["end", 2]);
    const head = await w.s3.send(new HeadObjectCommand({ Bucket: w.bucket, Key: it.Key, PartNumber: 1 }));
    assert.equal(head.ContentLength, MIN_PART_BYTES);
    const third = new GetObjectCommand({ Bucket: w.bucket, Key: it.Key, PartNumber: 3 });
    await refused(w.s3.send(third), /InvalidPartNumber|InvalidRange/, 416);
  }),
  s3Api("API_GetObject")("s3-multipart-range", "A range goes across the parts' borders.", async (w) => {
    const it = await begin(w);
    await complete(w, it, [await part(w, it, 1, bigPart("a")), await part(w, it, 2, "xyz")]);
    const Range = `bytes=${MIN_PART_BYTES - 2}-${MIN_PART_BYTES + 1}`;
    assert.equal((await w.get(it.Key, { Range })).text, "aaxy");
  }),
];
