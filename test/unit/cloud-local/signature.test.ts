import { createHash, createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { decodeChunks } from "../../../cloud/local/signature/aws-chunked.ts";
import { readClaim } from "../../../cloud/local/signature/claim.ts";
import { Verifier } from "../../../cloud/local/signature/verify.ts";
import type { RequestHead } from "../../../cloud/local/http/head.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

// The examples of the S3 API reference ("Signature calculations"), with the key pair they use.
const credentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const at = Date.UTC(2013, 4, 24);
const SCOPE = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
const EMPTY = createHash("sha256").digest("hex");

const verifier = (now = at) => new Verifier(credentials, "us-east-1", createFakeClock(now));

function head(method: string, target: string, headers: Record<string, string>): RequestHead {
  const [rawPath = "", query = ""] = target.split("?");
  return {
    method,
    rawPath,
    query:
      query === ""
        ? []
        : query.split("&").map((it) => [it.split("=")[0] ?? "", decodeURIComponent(it.split("=")[1] ?? "")]),
    headers: new Map(
      Object.entries({
        host: "examplebucket.s3.amazonaws.com",
        "x-amz-date": "20130524T000000Z",
        ...headers,
      }),
    ),
  };
}

const signed = (signedHeaders: string, signature: string) =>
  `AWS4-HMAC-SHA256 Credential=${SCOPE},SignedHeaders=${signedHeaders},Signature=${signature}`;

function verify(request: RequestHead, payloadHash: string, now = at) {
  const claim = readClaim(request);
  if (claim === undefined) throw new Error("no claim");
  return verifier(now).verify(request, claim, payloadHash);
}

const getObject = (signature: string, extra: Record<string, string> = {}) =>
  head("GET", "/test.txt", {
    range: "bytes=0-9",
    "x-amz-content-sha256": EMPTY,
    authorization: signed("host;range;x-amz-content-sha256;x-amz-date", signature),
    ...extra,
  });
const GET_SIGNATURE = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";

const PUT_SHA = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";

test.each([
  ["GET object", getObject(GET_SIGNATURE), EMPTY],
  [
    "PUT object, a key with a special character",
    head("PUT", "/test$file.text", {
      date: "Fri, 24 May 2013 00:00:00 GMT",
      "x-amz-storage-class": "REDUCED_REDUNDANCY",
      "x-amz-content-sha256": PUT_SHA,
      authorization: signed(
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
      ),
    }),
    PUT_SHA,
  ],
  [
    "a query name without a value",
    head("GET", "/?lifecycle", {
      "x-amz-content-sha256": EMPTY,
      authorization: signed(
        "host;x-amz-content-sha256;x-amz-date",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
      ),
    }),
    EMPTY,
  ],
  [
    "a query in any order",
    head("GET", "/?prefix=J&max-keys=2", {
      "x-amz-content-sha256": EMPTY,
      authorization: signed(
        "host;x-amz-content-sha256;x-amz-date",
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
      ),
    }),
    EMPTY,
  ],
])("accepts AWS's own example: %s", (_, request, payloadHash) => {
  expect(() => verify(request, payloadHash)).not.toThrow();
});

const presigned = () => {
  const request = head(
    "GET",
    `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(SCOPE)}&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404`,
    {},
  );
  return { ...request, headers: new Map([["host", "examplebucket.s3.amazonaws.com"]]) };
};

test("accepts AWS's example of a presigned URL until it expires", () => {
  const DAY = 86_400_000;
  expect(() => verify(presigned(), "UNSIGNED-PAYLOAD", at + DAY)).not.toThrow();
  expect(() => verify(presigned(), "UNSIGNED-PAYLOAD", at + DAY + 1)).toThrow("Request has expired");
  expect(() => verify(presigned(), "UNSIGNED-PAYLOAD", at - 15 * 60_000 - 1)).toThrow("not valid yet");
});

test.each([
  ["another signature", getObject(GET_SIGNATURE.replace("f", "e")), EMPTY, "mismatch"],
  ["another body", getObject(GET_SIGNATURE), PUT_SHA, "mismatch"],
  ["another method", { ...getObject(GET_SIGNATURE), method: "DELETE" }, EMPTY, "mismatch"],
  ["another path", { ...getObject(GET_SIGNATURE), rawPath: "/test.tx" }, EMPTY, "mismatch"],
  ["another signed header", getObject(GET_SIGNATURE, { range: "bytes=0-99" }), EMPTY, "mismatch"],
  ["an added parameter", { ...getObject(GET_SIGNATURE), query: [["acl", ""] as const] }, EMPTY, "mismatch"],
  [
    "an x-amz- header nobody signed",
    getObject(GET_SIGNATURE, { "x-amz-acl": "x" }),
    EMPTY,
    "unsigned-header",
  ],
])("refuses %s", (_, request, payloadHash, kind) => {
  expect(() => verify(request, payloadHash)).toThrow(expect.objectContaining({ kind }));
});

test.each([-1, 1])("refuses a date more than 15 minutes off (%i)", (direction) => {
  const limit = 15 * 60_000;
  expect(() => verify(getObject(GET_SIGNATURE), EMPTY, at + direction * limit)).not.toThrow();
  expect(() => verify(getObject(GET_SIGNATURE), EMPTY, at + direction * (limit + 1))).toThrow(
    expect.objectContaining({ kind: "skewed" }),
  );
});

// The example of "Signature calculations … transferring payload in multiple chunks".
const chunks = {
  seed: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
  first: "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
  second: "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
  last: "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
};

const chunk = (bytes: number, signature: string) =>
  `${bytes.toString(16)};chunk-signature=${signature}\r\n${"a".repeat(bytes)}\r\n`;

function chunkedBody(signatures = chunks): Buffer {
  return Buffer.from(
    chunk(65_536, signatures.first) + chunk(1024, signatures.second) + chunk(0, signatures.last),
  );
}

async function decode(body: Buffer, pieceBytes: number): Promise<Buffer> {
  const request = head("PUT", "/examplebucket/chunkObject.txt", {
    host: "s3.amazonaws.com",
    "x-amz-storage-class": "REDUCED_REDUNDANCY",
    "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "content-encoding": "aws-chunked",
    "x-amz-decoded-content-length": "66560",
    "content-length": "66824",
    authorization: signed(
      "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
      chunks.seed,
    ),
  });
  const verified = verify(request, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
  async function* pieces() {
    for (let from = 0; from < body.length; from += pieceBytes) yield body.subarray(from, from + pieceBytes);
  }
  const out: Buffer[] = [];
  for await (const piece of decodeChunks(pieces(), { ...verified, trailer: false }, new Map()))
    out.push(piece);
  return Buffer.concat(out);
}

test.each([1, 7, 4096, 100_000])(
  "decodes AWS's example of signed chunks, arriving in pieces of %i bytes",
  async (size) => {
    const decoded = await decode(chunkedBody(), size);
    expect(decoded.equals(Buffer.alloc(66_560, "a"))).toBe(true);
  },
);

test.each(["first", "second", "last"] as const)("refuses a wrong signature of the %s chunk", async (name) => {
  const body = chunkedBody({ ...chunks, [name]: "0".repeat(64) });
  await expect(decode(body, 4096)).rejects.toMatchObject({ code: "SignatureDoesNotMatch" });
});

test("refuses chunked bodies that are cut off, overlong or no chunks at all", async () => {
  const body = chunkedBody();
  for (const cut of [10, 66_000, body.length - 20]) {
    await expect(decode(body.subarray(0, cut), 4096)).rejects.toMatchObject({
      code: expect.stringMatching(/IncompleteBody|SignatureDoesNotMatch/),
    });
  }
  await expect(decode(Buffer.from("hello\r\n"), 10)).rejects.toMatchObject({ code: "IncompleteBody" });
  await expect(decode(Buffer.alloc(10_000, "a"), 4096)).rejects.toMatchObject({ code: "IncompleteBody" });
});

describe("temporary credentials", () => {
  const temporary = {
    accessKeyId: "ASIA1",
    secretAccessKey: "s",
    sessionToken: "t+/=",
    expiresMs: at + 60_000,
  };
  const source = (id: string) => (id === "ASIA1" ? temporary : undefined);
  const SCOPE_DAY = "20130524/us-east-1/s3/aws4_request";

  function attempt(token: string | undefined, now: number) {
    const headers: Record<string, string> = { "x-amz-content-sha256": EMPTY };
    if (token !== undefined) headers["x-amz-security-token"] = token;
    const names = ["host", ...Object.keys(headers), "x-amz-date"].toSorted();
    const unsigned = head("GET", "/k", headers);
    const canonical = `GET\n/k\n\n${names.map((name) => `${name}:${unsigned.headers.get(name)}\n`).join("")}\n${names.join(";")}\n${EMPTY}`;
    const key = SCOPE_DAY.split("/").reduce<string | Buffer>(
      (before, part) => createHmac("sha256", before).update(part).digest(),
      `AWS4${temporary.secretAccessKey}`,
    );
    const hashed = createHash("sha256").update(canonical).digest("hex");
    const signature = createHmac("sha256", key)
      .update(`AWS4-HMAC-SHA256\n20130524T000000Z\n${SCOPE_DAY}\n${hashed}`)
      .digest("hex");
    const authorization = `AWS4-HMAC-SHA256 Credential=ASIA1/${SCOPE_DAY},SignedHeaders=${names.join(";")},Signature=${signature}`;
    const request = head("GET", "/k", { ...headers, authorization });
    const claim = readClaim(request);
    if (claim === undefined) throw new Error("no claim");
    return () => new Verifier(source, "us-east-1", createFakeClock(now)).verify(request, claim, EMPTY);
  }

  test("are accepted with their token until they end", () => {
    expect(attempt("t+/=", at)().scope).toBe(SCOPE_DAY);
    expect(attempt("t+/=", at + 60_000)).toThrow(expect.objectContaining({ kind: "expired-token" }));
  });

  test.each([[undefined], ["other"]])("are refused with the token %s", (token) => {
    expect(attempt(token, at)).toThrow(expect.objectContaining({ kind: "invalid-token" }));
  });
});
