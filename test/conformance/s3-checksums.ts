import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ChecksumAlgorithm,
  type ChecksumType,
} from "@aws-sdk/client-s3";
import { refused } from "./assertions.ts";
import { s3Api, s3Guide, type Check } from "./check.ts";
import { begin, bigPart, complete, part } from "./multipart.ts";
import { codeIn } from "./raw.ts";
import type { World } from "./world.ts";

const guide = s3Guide("checking-object-integrity");
const upload = s3Guide("checking-object-integrity-upload");
const put = s3Api("API_PutObject");

const base64 = (hex: string) => Buffer.from(hex, "hex").toString("base64");

/** The check values of "123456789": the catalogue of CRCs, and SHA as everybody computes it. */
const known = {
  crc32: base64("cbf43926"),
  crc32c: base64("e3069283"),
  crc64nvme: base64("ae8b14860a799888"),
  sha1: createHash("sha1").update("123456789").digest("base64"),
  sha256: createHash("sha256").update("123456789").digest("base64"),
};

const head = (w: World, Key: string) =>
  w.s3.send(new HeadObjectCommand({ Bucket: w.bucket, Key, ChecksumMode: "ENABLED" }));

const rawPut = (w: World, headers: Record<string, string>, body = "123456789") =>
  w.raw({ service: "s3", method: "PUT", target: `/${w.bucket}/${w.key("k")}`, headers, body });

const encode = (value: number) => value.toString(16).padStart(8, "0");

/** The CRC-32 of several pieces, and of their CRCs. */
function crcs(pieces: readonly Buffer[]): { whole: string; composite: string } {
  const each = Buffer.concat(pieces.map((piece) => Buffer.from(encode(crc32(piece)), "hex")));
  return {
    whole: base64(encode(crc32(Buffer.concat(pieces)))),
    composite: `${base64(encode(crc32(each)))}-${pieces.length}`,
  };
}

async function uploadParts(w: World, ChecksumType: ChecksumType | undefined, more: object = {}) {
  const pieces = [bigPart("a"), Buffer.from("end")];
  const it = await begin(w, "k", { ChecksumAlgorithm: "CRC32", ChecksumType });
  const parts = [];
  for (const [index, piece] of pieces.entries()) parts.push(await part(w, it, index + 1, piece));
  return { it, parts, answer: await complete(w, it, parts, more), expected: crcs(pieces) };
}

export const s3ChecksumChecks: readonly Check[] = [
  ...Object.entries(known).map(([name, value]) =>
    guide(
      `s3-checksum-${name}`,
      `The ${name.toUpperCase()} of an upload is checked, kept and told.`,
      async (w) => {
        const header = `x-amz-checksum-${name}`;
        const stored = await rawPut(w, { [header]: value });
        assert.deepEqual([stored.status, stored.headers[header]], [200, value], stored.body);
        const found = await head(w, w.key("k"));
        const field = `Checksum${name.toUpperCase() as ChecksumAlgorithm}` as "ChecksumCRC32";
        assert.deepEqual([found[field], found.ChecksumType], [value, "FULL_OBJECT"]);
        const wrong = Buffer.alloc(Buffer.from(value, "base64").length, 7).toString("base64");
        const refusal = await rawPut(w, { [header]: wrong }, "987654321");
        assert.deepEqual([refusal.status, codeIn(refusal)], [400, "BadDigest"]);
        assert.equal((await w.get(w.key("k"))).text, "123456789");
      },
    ),
  ),
  guide("s3-checksum-default", "Without a checksum S3 computes CRC-64/NVME.", async (w) => {
    const stored = await rawPut(w, {});
    assert.equal(stored.headers["x-amz-checksum-crc64nvme"], known.crc64nvme);
    assert.equal((await head(w, w.key("k"))).ChecksumCRC64NVME, known.crc64nvme);
  }),
  put("s3-checksum-two", "Two checksums of different algorithms are refused.", async (w) => {
    const headers = { "x-amz-checksum-crc32": known.crc32, "x-amz-checksum-sha1": known.sha1 };
    const answer = await rawPut(w, headers);
    assert.deepEqual([answer.status, codeIn(answer)], [400, "InvalidRequest"]);
  }),
  s3Api("API_GetObject")("s3-checksum-mode", "Checksums are told only when asked for.", async (w) => {
    await rawPut(w, { "x-amz-checksum-sha256": known.sha256 });
    const target = `/${w.bucket}/${w.key("k")}`;
    const silent = await w.raw({ service: "s3", method: "GET", target });
    assert.equal(silent.headers["x-amz-checksum-sha256"], undefined);
    const headers = { "x-amz-checksum-mode": "ENABLED" };
    const told = await w.raw({ service: "s3", method: "GET", target, headers });
    assert.equal(told.headers["x-amz-checksum-sha256"], known.sha256);
  }),
  put("s3-content-md5", "Content-MD5 is checked.", async (w) => {
    const good = createHash("md5").update("123456789").digest("base64");
    assert.equal((await rawPut(w, { "content-md5": good })).status, 200);
    assert.equal(codeIn(await rawPut(w, { "content-md5": good }, "other")), "BadDigest");
    assert.equal(codeIn(await rawPut(w, { "content-md5": "bm8=" })), "InvalidDigest");
    assert.equal((await w.get(w.key("k"))).text, "123456789");
  }),
  upload(
    "s3-checksum-composite",
    "By default a CRC-32 of parts is one of the parts' checksums.",
    async (w) => {
      const { answer, expected, it } = await uploadParts(w, undefined);
      assert.deepEqual([answer.ChecksumCRC32, answer.ChecksumType], [expected.composite, "COMPOSITE"]);
      assert.equal((await head(w, it.Key)).ChecksumCRC32, expected.composite);
    },
  ),
  upload("s3-checksum-full", "A full-object CRC-32 of parts is that of all bytes.", async (w) => {
    const { answer, expected } = await uploadParts(w, "FULL_OBJECT");
    assert.deepEqual([answer.ChecksumCRC32, answer.ChecksumType], [expected.whole, "FULL_OBJECT"]);
  }),
  upload("s3-checksum-full-wrong", "A wrong checksum of the whole is refused at completion.", (w) =>
    refused(uploadParts(w, "FULL_OBJECT", { ChecksumCRC32: known.crc32 }), /BadDigest|InvalidRequest/, 400),
  ),
  upload(
    "s3-checksum-part-missing",
    "With composite checksums every part's is named at completion.",
    async (w) => {
      const it = await begin(w, "k", { ChecksumAlgorithm: "CRC32" });
      const { PartNumber, ETag } = await part(w, it, 1, "a");
      await refused(complete(w, it, [{ PartNumber, ETag }]), "InvalidRequest", 400);
    },
  ),
  upload("s3-checksum-sha-full", "There is no full-object SHA-256 of parts.", (w) =>
    refused(
      begin(w, "k", { ChecksumAlgorithm: "SHA256", ChecksumType: "FULL_OBJECT" }),
      "InvalidRequest",
      400,
    ),
  ),
  s3Api("API_ListObjectsV2")(
    "s3-checksum-listed",
    "Listings tell the algorithm of each object.",
    async (w) => {
      await rawPut(w, { "x-amz-checksum-sha1": known.sha1 });
      const command = new ListObjectsV2Command({ Bucket: w.bucket, Prefix: w.key("") });
      const [entry] = (await w.s3.send(command)).Contents ?? [];
      assert.deepEqual([entry?.ChecksumAlgorithm, entry?.ChecksumType], [["SHA1"], "FULL_OBJECT"]);
    },
  ),
  s3Api("API_GetObject")("s3-checksum-sdk", "An SDK that checks what it downloads is content.", async (w) => {
    await w.put(w.key("k"), "123456789", { ChecksumAlgorithm: "SHA256" });
    const command = new GetObjectCommand({ Bucket: w.bucket, Key: w.key("k"), ChecksumMode: "ENABLED" });
    assert.equal(await (await w.s3.send(command)).Body?.transformToString(), "123456789");
  }),
];
