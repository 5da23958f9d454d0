import { createHash } from "node:crypto";
import { connect } from "node:net";
import { once } from "node:events";
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeQueue, testCloud, type TestCloud } from "../unit/cloud-local/cloud.ts";
import { errorCode, exchange, raw, type RawRequest } from "../unit/cloud-local/raw.ts";

const Bucket = "results";
const MINUTE = 60_000;

const put: RawRequest = { method: "PUT", target: `/${Bucket}/k`, body: "value" };
const send = (url: string): RawRequest => ({
  method: "POST",
  target: new URL(url).pathname,
  service: "sqs",
  headers: { "x-amz-target": "AmazonSQS.SendMessage", "content-type": "application/x-amz-json-1.0" },
  body: JSON.stringify({ QueueUrl: url, MessageBody: "value" }),
});

/** [name, what is wrong, S3's code, SQS's code] */
const attempts: [string, Partial<RawRequest>, string, string][] = [
  [
    "no signature",
    { tamper: (it) => delete it.headers["authorization"] },
    "AccessDenied",
    "MissingAuthenticationToken",
  ],
  [
    "a key the cloud does not know",
    { credentials: { accessKeyId: "AKIAFOREIGN", secretAccessKey: "x" } },
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
  ],
  [
    "a body changed on the way",
    { tamper: (it) => it.body.write("X") },
    "XAmzContentSHA256Mismatch",
    "SignatureDoesNotMatch",
  ],
  [
    "a header changed on the way",
    {
      tamper: (it) =>
        (it.headers["x-amz-date"] =
          it.headers["x-amz-date"]?.replace(/\dZ$/, (end) => (end === "0Z" ? "1Z" : "0Z")) ?? ""),
    },
    "SignatureDoesNotMatch",
    "SignatureDoesNotMatch",
  ],
  [
    "a header added on the way",
    { tamper: (it) => (it.headers["x-amz-meta-added"] = "1") },
    "AccessDenied",
    "SignatureDoesNotMatch",
  ],
  [
    "a clock too far behind",
    { at: Date.now() - 16 * MINUTE },
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
  ],
  [
    "a clock too far ahead",
    { at: Date.now() + 16 * MINUTE },
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
  ],
  [
    "a signature for another service",
    { service: "ec2" },
    "AuthorizationHeaderMalformed",
    "IncompleteSignature",
  ],
  [
    "an Authorization header that is none",
    { tamper: (it) => (it.headers["authorization"] = "Bearer x") },
    "AuthorizationHeaderMalformed",
    "IncompleteSignature",
  ],
];

async function expectNothingWritten(cloud: TestCloud, QueueUrl: string): Promise<void> {
  expect((await cloud.s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
  expect(await readdir(join(cloud.dir, "objects"))).toEqual([]);
  const { Attributes } = await cloud.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
  );
  expect(Attributes?.ApproximateNumberOfMessages).toBe("0");
  expect(cloud.reports).toEqual([]);
}

test.each(attempts)("%s: refused with AWS's code, nothing written", async (_, wrong, s3Code, sqsCode) => {
  const cloud = await testCloud({ provision: { buckets: [Bucket] } });
  const url = await makeQueue(cloud);
  expect(errorCode(await raw(cloud, { ...put, ...wrong }))).toBe(s3Code);
  expect(errorCode(await raw(cloud, { ...put, body: "v".repeat(100_000), ...wrong }))).toBe(s3Code);
  expect(errorCode(await raw(cloud, { ...send(url), ...wrong }))).toBe(sqsCode);
  await expectNothingWritten(cloud, url);
  // The same requests, untouched, are fine: it was the change that was refused.
  expect((await raw(cloud, put)).status).toBe(200);
  expect((await raw(cloud, send(url))).status).toBe(200);
});

const checksum = (text: string) =>
  `x-amz-checksum-sha256:${createHash("sha256").update(text).digest("base64")}\r\n`;

test("unsigned trailers: the checksum counts, a wrong or missing one leaves nothing", async () => {
  const cloud = await testCloud({ provision: { buckets: [Bucket] } });
  const url = await makeQueue(cloud);
  const chunked = (trailer: string): RawRequest => ({
    method: "PUT",
    target: `/${Bucket}/k`,
    payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    headers: {
      "content-encoding": "aws-chunked",
      "x-amz-decoded-content-length": "9",
      "x-amz-trailer": "x-amz-checksum-sha256",
    },
    body: `4\r\n1234\r\n5\r\n56789\r\n0\r\n${trailer}\r\n`,
  });
  expect(errorCode(await raw(cloud, chunked(checksum("other"))))).toBe("BadDigest");
  expect(errorCode(await raw(cloud, chunked("")))).toBe("MalformedTrailerError");
  const short = {
    ...chunked(checksum("123456789")),
    headers: { ...chunked("").headers, "x-amz-decoded-content-length": "10" },
  };
  expect(errorCode(await raw(cloud, short))).toBe("IncompleteBody");
  await expectNothingWritten(cloud, url);
  expect((await raw(cloud, chunked(checksum("123456789")))).status).toBe(200);
  const answer = await raw(cloud, { method: "GET", target: `/${Bucket}/k` });
  expect([answer.body, answer.headers["content-encoding"]]).toEqual(["123456789", undefined]);
});

test("an upload that breaks off leaves nothing, and is no failure of the cloud's", async () => {
  const cloud = await testCloud({ provision: { buckets: [Bucket] } });
  const url = await makeQueue(cloud);
  const { hostname, port } = new URL(cloud.endpoint);
  const socket = connect(Number(port), hostname);
  const closed = once(socket, "close");
  // A signed head, sent by hand with half of the body it promises.
  await raw(cloud, {
    ...put,
    body: "x".repeat(200_000),
    tamper: (it) => {
      const head = Object.entries(it.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`PUT ${it.target} HTTP/1.1\r\n${head.join("")}\r\n${"x".repeat(100_000)}`, () =>
        socket.destroy(),
      );
      it.headers["authorization"] = "none";
    },
  });
  await closed;
  await expect.poll(() => readdir(join(cloud.dir, "objects"))).toEqual([]);
  await expectNothingWritten(cloud, url);
});

test.each([
  ["PUT", `/${Bucket}/k?acl`, "NotImplemented", 501],
  ["PUT", `/${Bucket}?versioning`, "NotImplemented", 501],
  ["POST", `/${Bucket}`, "NotImplemented", 501],
  ["POST", `/${Bucket}/k`, "MethodNotAllowed", 405],
  ["PUT", "/", "MethodNotAllowed", 405],
  ["GET", `/${Bucket}?versions`, "NotImplemented", 501],
  ["PATCH", `/${Bucket}/k`, "MethodNotAllowed", 405],
  ["GET", "/nobucket/k", "NoSuchBucket", 404],
  ["GET", `/${Bucket}/%ff`, "InvalidURI", 400],
])("%s %s is refused with %s", async (method, target, code, status) => {
  const cloud = await testCloud({ provision: { buckets: [Bucket] } });
  const answer = await raw(cloud, { method, target });
  expect([errorCode(answer), answer.status]).toEqual([code, status]);
  expect(answer.headers["content-type"]).toBe("application/xml");
});

test.each([
  "x-amz-website-redirect-location",
  "x-amz-server-side-encryption",
  "x-amz-tagging",
  "x-amz-object-lock-mode",
])("a PUT with %s is refused, not half done", async (name) => {
  const cloud = await testCloud({ provision: { buckets: [Bucket] } });
  expect(errorCode(await raw(cloud, { ...put, headers: { [name]: "x" } }))).toBe("NotImplemented");
});

test("a document type in XML is refused", async () => {
  const cloud = await testCloud({ provision: { buckets: [Bucket] } });
  const body = '<!DOCTYPE Delete [<!ENTITY a "k">]><Delete><Object><Key>&a;</Key></Object></Delete>';
  const headers = { "content-md5": createHash("md5").update(body).digest("base64") };
  const request = { method: "POST", target: `/${Bucket}?delete=`, body, headers };
  expect(errorCode(await raw(cloud, request))).toBe("MalformedXML");
  expect(errorCode(await raw(cloud, { ...request, headers: {} }))).toBe("InvalidRequest");
});

test("SQS refuses what is no JSON, no operation, and no message of this world", async () => {
  const cloud = await testCloud();
  const url = await makeQueue(cloud);
  const target = (name: string) => ({ ...send(url).headers, "x-amz-target": `AmazonSQS.${name}` });
  const broken = await raw(cloud, { ...send(url), body: "{" });
  expect(errorCode(broken)).toBe("SerializationException");
  expect(JSON.parse(broken.body)).toMatchObject({
    __type: "com.amazon.coral.service#SerializationException",
  });
  expect(errorCode(await raw(cloud, { ...send(url), body: "[]" }))).toBe("SerializationException");
  expect(errorCode(await raw(cloud, { ...send(url), headers: target("Fly") }))).toBe(
    "AWS.SimpleQueueService.UnsupportedOperation",
  );
  const answer = await raw(cloud, {
    ...send(url),
    body: JSON.stringify({ QueueUrl: `${url}x`, MessageBody: "m" }),
  });
  expect(JSON.parse(answer.body)).toEqual({
    __type: "com.amazonaws.sqs#QueueDoesNotExist",
    message: "The specified queue does not exist.",
  });
  expect([answer.status, answer.headers["x-amzn-query-error"]]).toEqual([
    400,
    "AWS.SimpleQueueService.NonExistentQueue;Sender",
  ]);
});

test("a request that is too long is told so, on a connection that stays usable", async () => {
  const cloud = await testCloud();
  const url = await makeQueue(cloud);
  const answer = await raw(cloud, { ...send(url), body: "x".repeat(9 * 1024 * 1024) });
  expect([answer.status, errorCode(answer)]).toEqual([413, "RequestEntityTooLarge"]);
});

test("a disk that fails is an internal error, reported, and the old object stays", async () => {
  const cloud = await testCloud({ provision: { buckets: [Bucket] } });
  expect((await raw(cloud, put)).status).toBe(200);
  await rm(join(cloud.dir, "objects"), { recursive: true });
  const answer = await raw(cloud, { ...put, body: "x".repeat(5_000_000) });
  expect([answer.status, errorCode(answer)]).toEqual([500, "InternalError"]);
  expect(cloud.reports).toMatchObject([{ code: "ENOENT" }]);
  expect((await raw(cloud, { method: "GET", target: put.target })).body).toBe("value");
});

test("every answer carries the cloud's date", async () => {
  const cloud = await testCloud();
  for (const answer of [
    await raw(cloud, { method: "GET", target: "/" }),
    await exchange(cloud.endpoint, { method: "GET", target: "/x/y" }),
  ]) {
    expect(Math.abs(Date.parse(answer.headers["date"] ?? "") - Date.now())).toBeLessThan(2000);
  }
});
