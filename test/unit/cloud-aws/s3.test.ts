import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { closeS3Clients, createS3Clients, openBucket } from "../../../cloud/aws/s3.ts";
import { awsServer } from "../../support/aws-server.ts";
import type { Seen } from "../../support/web-server.ts";

const error = (response: ServerResponse, status: number, code: string) =>
  void response
    .writeHead(status, { "content-type": "application/xml" })
    .end(`<Error><Code>${code}</Code><Message>no</Message></Error>`);

async function bucket(answer: (seen: Seen, response: ServerResponse, n: number) => void) {
  let n = 0;
  const server = await awsServer((seen, response) => answer(seen, response, n++));
  const clients = createS3Clients();
  onTestFinished(() => closeS3Clients(clients));
  return { server, objects: openBucket(clients, "drover") };
}

describe("a conditional write", () => {
  test("that is refused with 412 finds something there", async () => {
    const { server, objects } = await bucket((_, response) => error(response, 412, "PreconditionFailed"));
    expect(await objects.put("k", "body", { condition: "absent" })).toEqual({ outcome: "exists" });
    expect(server.seen[0]?.headers["if-none-match"]).toBe("*");
  });

  test("of a certain ETag sends it, and fails when the object is gone", async () => {
    const { server, objects } = await bucket((_, response) => error(response, 404, "NoSuchKey"));
    expect(await objects.put("k", "x", { condition: { etag: '"abc"' } })).toEqual({ outcome: "exists" });
    expect(server.seen[0]?.headers["if-match"]).toBe('"abc"');
  });

  test("that conflicts with another one is asked again until its outcome is known", async () => {
    const { server, objects } = await bucket((_, response, n) => {
      if (n < 3) error(response, 409, "ConditionalRequestConflict");
      else response.writeHead(200, { etag: '"new"' }).end();
    });
    expect(await objects.put("k", "x", { condition: "absent" })).toEqual({
      outcome: "stored",
      etag: '"new"',
    });
    expect(server.seen).toHaveLength(4);
  });

  test("that is not allowed at all is an error", async () => {
    const { objects } = await bucket((_, response) => error(response, 403, "AccessDenied"));
    await expect(objects.put("k", "x", { condition: "absent" })).rejects.toMatchObject({
      name: "AccessDenied",
    });
  });

  test("to a bucket that is missing is an error, never an object that exists", async () => {
    const { objects } = await bucket((_, response) => error(response, 404, "NoSuchBucket"));
    await expect(objects.put("k", "x", { condition: { etag: '"e"' } })).rejects.toMatchObject({
      name: "NoSuchBucket",
    });
    await expect(objects.get("k")).rejects.toMatchObject({ name: "NoSuchBucket" });
  });
});

const page = (keys: string[], token?: string) =>
  `<ListBucketResult><IsTruncated>${token !== undefined}</IsTruncated>${token === undefined ? "" : `<NextContinuationToken>${token}</NextContinuationToken>`}${keys.map((it) => `<Contents><Key>${it}</Key></Contents>`).join("")}</ListBucketResult>`;

describe("what is read", () => {
  const LAST = "Sun, 22 Nov 2026 08:00:00 GMT";

  test("comes with the store's own clock, whatever ours says", async () => {
    const { objects } = await bucket((_, response) => {
      response
        .writeHead(200, {
          "content-length": "4",
          date: "Sun, 22 Nov 2026 08:01:30 GMT",
          "last-modified": LAST,
          etag: '"e"',
          "x-amz-meta-drover-owner": "a-1",
        })
        .end("body");
    });
    const found = await objects.get("k");
    expect(found).toMatchObject({ etag: '"e"', metadata: { "drover-owner": "a-1" }, bytes: 4 });
    expect((found?.storeNow ?? 0) - (found?.lastModified ?? 0)).toBe(90_000);
  });

  test("is undefined when it is not there", async () => {
    const { objects } = await bucket(({ method }, response) => {
      if (method === "HEAD") response.writeHead(404).end();
      else error(response, 404, "NoSuchKey");
    });
    expect(await objects.head("k")).toBeUndefined();
    expect(await objects.get("k")).toBeUndefined();
    expect(await objects.getStream("k", {})).toBeUndefined();
  });

  test("is listed page by page, up to what was asked for", async () => {
    const { server, objects } = await bucket(({ url }, response) => {
      response.end(url.includes("continuation-token") ? page(["c"]) : page(["a", "b"], "t"));
    });
    expect(await objects.list("p/")).toEqual(["a", "b", "c"]);
    expect(await objects.list("p/", { max: 2 })).toEqual(["a", "b"]);
    expect(server.seen).toHaveLength(3);
  });
});

const drip = (_: Seen, response: ServerResponse) =>
  void response.writeHead(200, { "content-length": "1000", etag: '"e"' }).write("drip");

describe("a stream", () => {
  test("names its length before its body", async () => {
    const { objects } = await bucket(
      (_, response) => void response.writeHead(200, { "content-length": "4" }).end("body"),
    );
    const stream = await objects.getStream("k", {});
    expect(stream?.bytes).toBe(4);
    expect((await buffer(Readable.from(stream?.body ?? []))).toString()).toBe("body");
  });

  test("that is cut off is an error, never a shorter body", async () => {
    const { objects } = await bucket((seen, response) => {
      drip(seen, response);
      setImmediate(() => response.socket?.destroy());
    });
    const stream = await objects.getStream("k", {});
    await expect(buffer(Readable.from(stream?.body ?? []))).rejects.toThrow();
  });

  test("that is discarded frees its connection", async () => {
    const { server, objects } = await bucket(drip);
    const stream = await objects.getStream("k", {});
    expect(await server.connections()).toBe(1);
    await stream?.discard();
    while ((await server.connections()) > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  });

  test("whose signal aborts before the head of the answer ends", async () => {
    const controller = new AbortController();
    const { objects } = await bucket(() => controller.abort(new Error("enough")));
    await expect(objects.getStream("k", { signal: controller.signal })).rejects.toThrow();
  });
});
