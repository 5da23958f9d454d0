import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import {
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { refused } from "./assertions.ts";
import { s3Api, s3Guide, type Check } from "./check.ts";
import { codeIn, type SentRequest } from "./raw.ts";

const get = s3Api("API_GetObject");
const put = s3Api("API_PutObject");
const metadata = s3Guide("UsingMetadata");
const md5 = (text: string) => createHash("md5").update(text).digest("hex");

const ranges: [id: string, says: string, range: string, text: string, contentRange: string][] = [
  ["range-middle", "A range of bytes names its first and last.", "bytes=2-4", "cde", "bytes 2-4/10"],
  ["range-open", "A range without an end goes to the object's.", "bytes=7-", "hij", "bytes 7-9/10"],
  ["range-suffix", "A range without a start is the last bytes.", "bytes=-2", "ij", "bytes 8-9/10"],
  [
    "range-long-suffix",
    "A suffix longer than the object is the object.",
    "bytes=-99",
    "abcdefghij",
    "bytes 0-9/10",
  ],
  ["range-over-end", "A range that ends behind the object stops there.", "bytes=8-99", "ij", "bytes 8-9/10"],
];

const stored = {
  ContentType: "text/plain; charset=utf-8",
  CacheControl: "no-store",
  ContentDisposition: 'attachment; filename="a.txt"',
  ContentEncoding: "identity",
  ContentLanguage: "de",
};

function withoutLength({ headers }: SentRequest): void {
  delete headers["content-length"];
  headers["transfer-encoding"] = "chunked";
}

export const s3ObjectChecks: readonly Check[] = [
  s3Api("API_Object")("s3-object-etag", "The ETag of a plain upload is the MD5 of its bytes.", async (w) => {
    const key = w.key("k");
    assert.equal(await w.put(key, "hello"), `"${md5("hello")}"`);
    const answer = await w.get(key);
    assert.deepEqual([answer.text, answer.ETag, answer.ContentLength], ["hello", `"${md5("hello")}"`, 5]);
  }),
  put("s3-storage-class-unknown", "A storage class that does not exist is refused.", async (w) => {
    const Bucket = w.bucket;
    const command = new PutObjectCommand({ Bucket, Key: w.key("k"), StorageClass: "WARM" as "STANDARD" });
    await refused(w.s3.send(command), "InvalidStorageClass", 400);
  }),
  put("s3-object-empty", "An object may be empty.", async (w) => {
    await w.put(w.key("k"), "");
    const answer = await w.get(w.key("k"));
    assert.deepEqual([answer.text, answer.ContentLength], ["", 0]);
  }),
  put("s3-object-replace", "A PUT replaces the object, and reads see it at once.", async (w) => {
    for (const text of ["one", "two", "three"]) {
      await w.put(w.key("k"), text);
      assert.equal((await w.get(w.key("k"))).text, text);
    }
  }),
  put("s3-object-headers", "System metadata comes back as it was given.", async (w) => {
    await w.put(w.key("k"), "v", stored);
    const head = await w.s3.send(new HeadObjectCommand({ Bucket: w.bucket, Key: w.key("k") }));
    for (const [name, value] of Object.entries(stored)) assert.equal(head[name as "ContentType"], value);
  }),
  put("s3-object-default-type", "Without a Content-Type it is binary/octet-stream.", async (w) => {
    const answer = await w.raw({
      service: "s3",
      method: "PUT",
      target: `/${w.bucket}/${w.key("k")}`,
      body: "v",
    });
    assert.equal(answer.status, 200);
    assert.equal((await w.get(w.key("k"))).ContentType, "binary/octet-stream");
  }),
  metadata("s3-metadata", "User metadata comes back with lower-case names.", async (w) => {
    await w.put(w.key("k"), "v", { Metadata: { "With-Dash": "x y", attempt: "a-1" } });
    assert.deepEqual((await w.get(w.key("k"))).Metadata, { "with-dash": "x y", attempt: "a-1" });
  }),
  metadata("s3-metadata-limit", "Names and values of user metadata together are 2 KB at most.", async (w) => {
    const name = "name";
    await w.put(w.key("k"), "v", { Metadata: { [name]: "x".repeat(2048 - name.length) } });
    await refused(
      w.put(w.key("k2"), "v", { Metadata: { [name]: "x".repeat(2049 - name.length) } }),
      "MetadataTooLarge",
      400,
    );
  }),
  metadata(
    "s3-metadata-unicode",
    "Values outside of ASCII come back encoded as RFC 2047 says.",
    async (w) => {
      // The user guide's own example; its header goes out as UTF-8 and is taken for Latin-1.
      const sent = Buffer.from("ÄMÄZÕÑ S3").toString("latin1");
      const target = `/${w.bucket}/${w.key("k")}`;
      const headers = { "x-amz-meta-nonascii": sent };
      const answer = await w.raw({ service: "s3", method: "PUT", target, headers, body: "v" });
      assert.equal(answer.status, 200, answer.body);
      const head = await w.raw({ service: "s3", method: "HEAD", target });
      assert.equal(head.headers["x-amz-meta-nonascii"], "=?UTF-8?B?w4PChE3Dg8KEWsODwpXDg8KRIFMz?=");
    },
  ),
  metadata("s3-metadata-decoded", "Values that came encoded as RFC 2047 says are decoded.", async (w) => {
    await w.put(w.key("k"), "v", { Metadata: { word: "=?UTF-8?B?QU1BWk9OUzM=?=" } });
    assert.deepEqual((await w.get(w.key("k"))).Metadata, { word: "AMAZONS3" });
  }),
  get("s3-object-missing", "A key that is not there is NoSuchKey.", (w) =>
    refused(w.get(w.key("k")), "NoSuchKey", 404),
  ),
  s3Api("API_HeadObject")("s3-head-missing", "HEAD of a key that is not there is 404 without a body.", (w) =>
    refused(w.s3.send(new HeadObjectCommand({ Bucket: w.bucket, Key: w.key("k") })), "NotFound", 404),
  ),
  s3Api("API_HeadObject")("s3-head", "HEAD says what GET would say.", async (w) => {
    await w.put(w.key("k"), "hello");
    const head = await w.s3.send(new HeadObjectCommand({ Bucket: w.bucket, Key: w.key("k") }));
    const answer = await w.get(w.key("k"));
    for (const name of ["ContentLength", "ETag", "ContentType", "AcceptRanges"] as const)
      assert.equal(head[name], answer[name]);
    assert.equal(head.LastModified?.getTime(), answer.LastModified?.getTime());
    assert.equal(head.ServerSideEncryption, "AES256");
  }),
  ...ranges.map(([id, says, Range, text, ContentRange]) =>
    get(`s3-${id}`, says, async (w) => {
      await w.put(w.key("k"), "abcdefghij");
      const answer = await w.get(w.key("k"), { Range });
      assert.deepEqual([answer.text, answer.ContentRange], [text, ContentRange]);
      assert.equal(answer.$metadata.httpStatusCode, 206);
    }),
  ),
  get("s3-range-behind", "A range behind the object's end is InvalidRange.", async (w) => {
    await w.put(w.key("k"), "abc");
    await refused(w.get(w.key("k"), { Range: "bytes=3-" }), "InvalidRange", 416);
  }),
  get("s3-range-invalid", "A Range header that is none is ignored.", async (w) => {
    await w.put(w.key("k"), "abc");
    const answer = await w.get(w.key("k"), { Range: "bytes=2-1" });
    assert.deepEqual([answer.text, answer.$metadata.httpStatusCode], ["abc", 200]);
  }),
  get("s3-response-headers", "A reader may ask for other response headers.", async (w) => {
    await w.put(w.key("k"), "v", stored);
    const answer = await w.get(w.key("k"), {
      ResponseContentType: "text/x-mine",
      ResponseContentDisposition: 'attachment; filename="b"',
      ResponseCacheControl: "max-age=1",
      ResponseContentLanguage: "fr",
    });
    assert.deepEqual(
      [answer.ContentType, answer.ContentDisposition, answer.CacheControl, answer.ContentLanguage],
      ["text/x-mine", 'attachment; filename="b"', "max-age=1", "fr"],
    );
  }),
  s3Guide("object-keys")("s3-key-longest", "Keys are up to 1,024 bytes of UTF-8.", async (w) => {
    const rest = 1024 - w.key("").length;
    const longest = w.key("é".repeat(Math.floor(rest / 2)) + "x".repeat(rest % 2));
    await w.put(longest, "v");
    assert.equal((await w.get(longest)).text, "v");
    await refused(w.put(`${longest}x`, "v"), "KeyTooLongError", 400);
  }),
  s3Guide("object-keys")(
    "s3-key-characters",
    "Keys hold any character, and nothing in them is a path.",
    async (w) => {
      const names = [
        "a/../../b",
        "a//b",
        "./x",
        "..",
        "%2e%2e%2f",
        "a b+c",
        "ü/\u{1F600}",
        "a\\b",
        "?q=1#f",
        "&<>\"'",
        "line\nbreak",
      ];
      for (const name of names) await w.put(w.key(name), name);
      for (const name of names) assert.equal((await w.get(w.key(name))).text, name, JSON.stringify(name));
    },
  ),
  s3Guide("object-keys")("s3-key-dots", "Dots in the path of a request are part of the key.", async (w) => {
    const target = `/${w.bucket}/${w.key("a")}/../../b`;
    assert.equal((await w.raw({ service: "s3", method: "PUT", target, body: "dots" })).status, 200);
    assert.equal((await w.get(`${w.key("a")}/../../b`)).text, "dots");
    await refused(w.get("b"), "NoSuchKey");
  }),
  s3Api("RESTErrorResponses")(
    "s3-error-document",
    "An error is an XML document with code, message and request id.",
    async (w) => {
      const target = `/${w.bucket}/${w.key("none")}`;
      const answer = await w.raw({ service: "s3", method: "GET", target });
      assert.deepEqual([answer.status, codeIn(answer)], [404, "NoSuchKey"]);
      assert.equal(answer.headers["content-type"], "application/xml");
      assert.equal(
        /<RequestId>(.*?)<\/RequestId>/.exec(answer.body)?.[1],
        answer.headers["x-amz-request-id"],
      );
      assert.match(answer.body, /<Key>[^<]+<\/Key>/);
    },
  ),
  s3Api("RESTCommonResponseHeaders")(
    "s3-response-date",
    "Answers carry the date and a request id.",
    async (w) => {
      const answer = await w.raw({ service: "s3", method: "GET", target: `/${w.bucket}?max-keys=0` });
      assert.ok(Math.abs(Date.parse(answer.headers["date"] ?? "") - Date.now()) < 15 * 60_000);
      assert.ok(answer.headers["x-amz-request-id"]);
      assert.ok(answer.headers["x-amz-id-2"]);
    },
  ),
  put("s3-incomplete-length", "A PUT without a Content-Length is refused.", async (w) => {
    const target = `/${w.bucket}/${w.key("k")}`;
    const headers = { "content-length": "" };
    const { status } = await w.raw({
      service: "s3",
      method: "PUT",
      target,
      headers,
      body: "v",
      tamper: withoutLength,
    });
    assert.ok(status >= 400, `HTTP status ${status}`);
    await refused(w.get(w.key("k")), "NoSuchKey");
  }),
  s3Api("API_GetObjectAttributes")(
    "s3-object-attributes",
    "An object's attributes can be asked for without its body.",
    async (w) => {
      await w.put(w.key("k"), "hello");
      const answer = await w.s3.send(
        new GetObjectAttributesCommand({
          Bucket: w.bucket,
          Key: w.key("k"),
          ObjectAttributes: ["ETag", "ObjectSize", "StorageClass", "Checksum"],
        }),
      );
      assert.deepEqual([answer.ETag, answer.ObjectSize, answer.StorageClass], [md5("hello"), 5, "STANDARD"]);
      assert.ok(answer.Checksum?.ChecksumCRC32);
    },
  ),
  s3Api("API_GetObjectTagging")(
    "s3-object-tagging",
    "An object without tags has an empty tag set.",
    async (w) => {
      await w.put(w.key("k"), "v");
      const answer = await w.s3.send(new GetObjectTaggingCommand({ Bucket: w.bucket, Key: w.key("k") }));
      assert.deepEqual(answer.TagSet, []);
    },
  ),
  put("s3-object-large", "An object of several megabytes comes back whole, and in ranges.", async (w) => {
    const bytes = randomBytes(6_000_000);
    await w.put(w.key("k"), bytes);
    const whole = await w.s3.send(new GetObjectCommand({ Bucket: w.bucket, Key: w.key("k") }));
    assert.ok(bytes.equals((await whole.Body?.transformToByteArray()) ?? Buffer.alloc(0)));
    const part = { Bucket: w.bucket, Key: w.key("k"), Range: "bytes=4999999-5000008" };
    const some = await w.s3.send(new GetObjectCommand(part));
    const found = Buffer.from((await some.Body?.transformToByteArray()) ?? []);
    assert.ok(found.equals(bytes.subarray(4_999_999, 5_000_009)));
  }),
  put("s3-storage-class", "An object can be given the storage class STANDARD.", async (w) => {
    const command = { Bucket: w.bucket, Key: w.key("k"), Body: "v", StorageClass: "STANDARD" as const };
    await w.s3.send(new PutObjectCommand(command));
    assert.equal((await w.get(w.key("k"))).text, "v");
  }),
];
