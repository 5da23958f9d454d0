import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { refused } from "./assertions.ts";
import { iamGuide, s3Api, s3Guide, type Check } from "./check.ts";
import { codeIn, exchange, signed, type RawAnswer, type RawRequest } from "./raw.ts";
import type { World } from "./world.ts";

const errors = s3Api("ErrorResponses");
const presigned = s3Guide("ShareObjectPreSignedURL");
const streaming = s3Api("sigv4-streaming");
const trailers = s3Api("sigv4-streaming-trailers");

const MINUTE_MS = 60_000;

const putRequest = (w: World, more: Partial<RawRequest> = {}): RawRequest => ({
  service: "s3",
  method: "PUT",
  target: `/${w.bucket}/${w.key("k")}`,
  body: "value",
  ...more,
});

/** [id, what is wrong, the request, S3's code, its HTTP status] */
const attempts: [string, string, Partial<RawRequest>, string, number][] = [
  [
    "unsigned",
    "A request without a signature is AccessDenied.",
    { tamper: ({ headers }) => delete headers["authorization"] },
    "AccessDenied",
    403,
  ],
  [
    "foreign-key",
    "An access key that does not exist is InvalidAccessKeyId.",
    {
      tamper: ({ headers }) =>
        (headers["authorization"] =
          headers["authorization"]?.replace(/Credential=\w+/, "Credential=AKIAIOSFODNN7EXAMPLE") ?? ""),
    },
    "InvalidAccessKeyId",
    403,
  ],
  [
    "wrong-signature",
    "A signature that does not fit is SignatureDoesNotMatch.",
    {
      tamper: ({ headers }) =>
        (headers["authorization"] =
          headers["authorization"]?.replace(/Signature=\w+/, `Signature=${"0".repeat(64)}`) ?? ""),
    },
    "SignatureDoesNotMatch",
    403,
  ],
  [
    "other-key",
    "A signature for another key is SignatureDoesNotMatch.",
    { tamper: (sent) => (sent.target += "-other") },
    "SignatureDoesNotMatch",
    403,
  ],
  [
    "changed-header",
    "A signed header that was changed is SignatureDoesNotMatch.",
    {
      headers: { "x-amz-meta-a": "1" },
      tamper: ({ headers }) => (headers["x-amz-meta-a"] = "2"),
    },
    "SignatureDoesNotMatch",
    403,
  ],
  [
    "changed-body",
    "A body that is not the signed one is XAmzContentSHA256Mismatch.",
    { tamper: ({ body }) => body.write("V") },
    "XAmzContentSHA256Mismatch",
    400,
  ],
  [
    "old",
    "A request signed more than 15 minutes ago is RequestTimeTooSkewed.",
    { atMs: Date.now() - 20 * MINUTE_MS },
    "RequestTimeTooSkewed",
    403,
  ],
  [
    "early",
    "A request signed more than 15 minutes ahead is RequestTimeTooSkewed.",
    { atMs: Date.now() + 20 * MINUTE_MS },
    "RequestTimeTooSkewed",
    403,
  ],
  [
    "added-header",
    "A header of Amazon's that was not signed is AccessDenied.",
    { tamper: ({ headers }) => (headers["x-amz-meta-added"] = "1") },
    "AccessDenied",
    403,
  ],
];

/** Without a checksum in the URL, which could only be that of a body that is not known yet. */
async function urlFor(w: World, method: "GET" | "PUT", expiresIn = 60, signingDate = new Date()) {
  const client = new S3Client({
    region: w.region,
    endpoint: w.endpoints.s3,
    credentials: w.credentials,
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
  });
  const at = { Bucket: w.bucket, Key: w.key("k") };
  const command = method === "GET" ? new GetObjectCommand(at) : new PutObjectCommand(at);
  return getSignedUrl(client, command, { expiresIn, signingDate });
}

function visit(url: string, method: string, body?: string): Promise<RawAnswer> {
  const { origin, pathname, search, host } = new URL(url);
  const headers = { host, "content-length": String(Buffer.byteLength(body ?? "")) };
  return exchange(origin, { method, target: pathname + search, headers, body: Buffer.from(body ?? "") });
}

const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
const hash = (text: string) => createHash("sha256").update(text).digest("hex");

/** A body in signed chunks, as the API reference describes it. `spoil` changes the chunks before they are sent. */
async function signedChunks(w: World, spoil: (text: string) => string = (text) => text): Promise<RawAnswer> {
  const chunks = ["12345", "6789", ""];
  const endpoint = w.endpoints.s3;
  const credentials = await w.credentials();
  const length = chunks.reduce((sum, it) => sum + it.length + it.length.toString(16).length + 85 + 4, 0);
  const request = putRequest(w, {
    payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    headers: {
      "content-encoding": "aws-chunked",
      "x-amz-decoded-content-length": "9",
      "content-length": String(length),
    },
    body: "",
  });
  const sent = signed(endpoint, w.region, credentials, request);
  const stamp = sent.headers["x-amz-date"] ?? "";
  const scope = `${stamp.slice(0, 8)}/${w.region}/s3/aws4_request`;
  const key = scope
    .split("/")
    .reduce<string | Buffer>((before, part) => hmac(before, part), `AWS4${credentials.secretAccessKey}`);
  let previous = /Signature=(\w+)/.exec(sent.headers["authorization"] ?? "")?.[1] ?? "";
  const body = chunks.map((chunk) => {
    const text = `AWS4-HMAC-SHA256-PAYLOAD\n${stamp}\n${scope}\n${previous}\n${hash("")}\n${hash(chunk)}`;
    previous = hmac(key, text).toString("hex");
    return `${chunk.length.toString(16)};chunk-signature=${previous}\r\n${chunk}\r\n`;
  });
  return exchange(endpoint, { ...sent, body: Buffer.from(spoil(body.join(""))) });
}

const trailing = (w: World, checksum: string, decoded = "9") =>
  w.raw(
    putRequest(w, {
      payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
      headers: {
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": decoded,
        "x-amz-trailer": "x-amz-checksum-crc32",
      },
      body: `4\r\n1234\r\n5\r\n56789\r\n0\r\nx-amz-checksum-crc32:${checksum}\r\n\r\n`,
    }),
  );
const CRC32 = Buffer.from("cbf43926", "hex").toString("base64");

const nothing = (w: World) => refused(w.get(w.key("k")), "NoSuchKey");

export const s3SignatureChecks: readonly Check[] = [
  iamGuide("reference_sigv-create-signed-request")(
    "s3-signed",
    "A request signed by hand is accepted.",
    async (w) => {
      assert.equal((await w.raw(putRequest(w))).status, 200);
      assert.equal((await w.get(w.key("k"))).text, "value");
    },
  ),
  ...attempts.map(([id, says, wrong, code, status]) =>
    errors(`s3-signature-${id}`, says, async (w) => {
      const answer = await w.raw(putRequest(w, wrong));
      assert.deepEqual([codeIn(answer), answer.status], [code, status], answer.body);
      await nothing(w);
    }),
  ),
  presigned("s3-presigned-get", "Anyone can read through a presigned URL.", async (w) => {
    await w.put(w.key("k"), "shared");
    const answer = await visit(await urlFor(w, "GET"), "GET");
    assert.deepEqual([answer.status, answer.body], [200, "shared"]);
  }),
  s3Guide("PresignedUrlUploadObject")(
    "s3-presigned-put",
    "Anyone can upload through a presigned URL.",
    async (w) => {
      assert.equal((await visit(await urlFor(w, "PUT"), "PUT", "by anyone")).status, 200);
      assert.equal((await w.get(w.key("k"))).text, "by anyone");
    },
  ),
  presigned("s3-presigned-expired", "A presigned URL that has expired is AccessDenied.", async (w) => {
    await w.put(w.key("k"), "shared");
    const answer = await visit(await urlFor(w, "GET", 60, new Date(Date.now() - 2 * MINUTE_MS)), "GET");
    assert.deepEqual([answer.status, codeIn(answer)], [403, "AccessDenied"]);
    assert.match(answer.body, /Request has expired/);
  }),
  presigned("s3-presigned-method", "A presigned URL is good for one method and one key.", async (w) => {
    await w.put(w.key("k"), "shared");
    const url = await urlFor(w, "GET");
    assert.equal(codeIn(await visit(url, "DELETE")), "SignatureDoesNotMatch");
    assert.equal(codeIn(await visit(url.replace("/k?", "/other?"), "GET")), "SignatureDoesNotMatch");
    assert.equal((await w.get(w.key("k"))).text, "shared");
  }),
  presigned("s3-presigned-too-long", "A presigned URL is good for seven days at most.", async (w) => {
    const url = (await urlFor(w, "GET")).replace("X-Amz-Expires=60", "X-Amz-Expires=604801");
    assert.equal(codeIn(await visit(url, "GET")), "AuthorizationQueryParametersError");
  }),
  streaming("s3-chunks-signed", "A body in signed chunks is stored without them.", async (w) => {
    const answer = await signedChunks(w);
    assert.equal(answer.status, 200, answer.body);
    const stored = await w.get(w.key("k"));
    assert.deepEqual([stored.text, stored.ContentEncoding || undefined], ["123456789", undefined]);
  }),
  streaming("s3-chunks-changed", "A chunk that was changed is SignatureDoesNotMatch.", async (w) => {
    const answer = await signedChunks(w, (text) => text.replace("6789", "6780"));
    assert.deepEqual([answer.status, codeIn(answer)], [403, "SignatureDoesNotMatch"]);
    await nothing(w);
  }),
  trailers("s3-trailer", "A checksum may follow the body.", async (w) => {
    const answer = await trailing(w, CRC32);
    assert.equal(answer.status, 200, answer.body);
    assert.equal((await w.get(w.key("k"))).text, "123456789");
  }),
  trailers("s3-trailer-wrong", "A wrong checksum behind the body is BadDigest.", async (w) => {
    assert.equal(codeIn(await trailing(w, Buffer.alloc(4).toString("base64"))), "BadDigest");
    await nothing(w);
  }),
  trailers("s3-trailer-length", "A decoded length that is not the body's is IncompleteBody.", async (w) => {
    assert.equal(codeIn(await trailing(w, CRC32, "10")), "IncompleteBody");
    await nothing(w);
  }),
];
