import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import type { RequestHead } from "../../../cloud/local/http/head.ts";
import { verifyVersion2Url } from "../../../cloud/local/signature/version-2-url.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

// The example of the S3 developer guide, "Query string request authentication alternative".
const credentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const EXPIRES_S = 1_175_139_620;
const SIGNATURE = "NpgCjnDzrM+WFzoENXmpNDUsSn8=";

const head = (signature: string, more: Partial<RequestHead> = {}): RequestHead => ({
  method: "GET",
  rawPath: "/photos/puppy.jpg",
  query: [
    ["AWSAccessKeyId", credentials.accessKeyId],
    ["Signature", signature],
    ["Expires", String(EXPIRES_S)],
  ],
  headers: new Map(),
  ...more,
});

const find = (id: string) => (id === credentials.accessKeyId ? credentials : undefined);
const verify = (request: RequestHead, nowS = EXPIRES_S - 1, bucket: string | undefined = "johnsmith") =>
  verifyVersion2Url(request, bucket, find, createFakeClock(nowS * 1000));
const refusal = (kind: string) => expect.objectContaining({ kind }) as Error;

test("the guide's own example is accepted until it expires", () => {
  expect(verify(head(SIGNATURE))).toBe(credentials.accessKeyId);
  expect(() => verify(head(SIGNATURE), EXPIRES_S + 1)).toThrow(refusal("expired"));
});

test.each<[string, () => string, string]>([
  ["another method", () => verify(head(SIGNATURE, { method: "PUT" })), "mismatch"],
  ["another key", () => verify(head(SIGNATURE, { rawPath: "/photos/kitten.jpg" })), "mismatch"],
  ["another bucket", () => verify(head(SIGNATURE), EXPIRES_S - 1, "other"), "mismatch"],
  [
    "a header of Amazon's that was not signed",
    () => verify(head(SIGNATURE, { headers: new Map([["x-amz-meta-a", "1"]]) })),
    "mismatch",
  ],
  [
    "a subresource that was not signed",
    () => verify(head(SIGNATURE, { query: [...head(SIGNATURE).query, ["acl", ""]] })),
    "mismatch",
  ],
  [
    "a foreign key",
    () =>
      verify(
        head(SIGNATURE, {
          query: [
            ["AWSAccessKeyId", "AKIAOTHER"],
            ["Expires", "9999999999"],
          ],
        }),
      ),
    "unknown-key",
  ],
  [
    "no end",
    () => verify(head(SIGNATURE, { query: [["AWSAccessKeyId", credentials.accessKeyId]] })),
    "missing",
  ],
])("%s is refused", (_, attempt, kind) => {
  expect(attempt).toThrow(refusal(kind));
});

test("subresources and headers of Amazon's are signed in their order", () => {
  const text = `PUT\n\ntext/x\n${EXPIRES_S}\nx-amz-acl:private\nx-amz-meta-a:1\n/b/k?partNumber=1&uploadId=u`;
  const signature = createHmac("sha1", credentials.secretAccessKey).update(text).digest("base64");
  const request = head(signature, {
    method: "PUT",
    rawPath: "/b/k",
    query: [...head(signature).query, ["uploadId", "u"], ["other", "x"], ["partNumber", "1"]],
    headers: new Map([
      ["x-amz-meta-a", "1"],
      ["content-type", "text/x"],
      ["x-amz-acl", "private"],
    ]),
  });
  expect(verifyVersion2Url(request, undefined, find, createFakeClock(0))).toBe(credentials.accessKeyId);
});
