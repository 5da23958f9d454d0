import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { makeQueue, testCloud, type TestCloud } from "./cloud.ts";
import { rawBytes } from "./raw.ts";
import { Wire, type WireAnswer } from "./wire.ts";

const md5 = (text: string) => createHash("md5").update(text).digest("hex");

/** A call to SQS, in plain JSON or in a way that only Node's HTTP server understands. */
function sqs(cloud: TestCloud, action: string, input: object, headers: Record<string, string> = {}): Buffer {
  const body = JSON.stringify(input);
  const target = { "x-amz-target": `AmazonSQS.${action}`, "content-type": "application/x-amz-json-1.0" };
  const wanted = { method: "POST", target: "/", headers: { ...target, ...headers }, body, service: "sqs" };
  return rawBytes(cloud, wanted);
}

/** The same body in one chunk: whoever reads it as a Content-Length sees something else. */
function inChunks(request: Buffer): Buffer {
  const text = request.toString();
  const at = text.indexOf("\r\n\r\n");
  const body = text.slice(at + 4);
  const head = text.slice(0, at).replace(/content-length: \d+/, "transfer-encoding: chunked");
  return Buffer.from(`${head}\r\n\r\n${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`);
}

interface Case {
  request: Buffer;
  /** What its answer must say. */
  status: number;
  contains: string;
}

type Kind = "send" | "refused" | "unsigned" | "query" | "chunked" | "object" | "identity" | "keep-alive";

function caseOf(cloud: TestCloud, QueueUrl: string, kind: Kind, text: string): Case {
  const send = (headers = {}) => sqs(cloud, "SendMessage", { QueueUrl, MessageBody: text }, headers);
  const sent = { status: 200, contains: `"MD5OfMessageBody":"${md5(text)}"` };
  switch (kind) {
    case "send":
      return { request: send(), ...sent };
    case "keep-alive":
      return { request: send({ connection: "Keep-Alive" }), ...sent };
    case "chunked":
      return { request: inChunks(send({ "content-length": "0" })), status: 403, contains: "Signature" };
    case "refused":
      return { request: sqs(cloud, "NoSuchThing", {}), status: 400, contains: "UnsupportedOperation" };
    case "unsigned": {
      const request = Buffer.from(
        send()
          .toString()
          .replace(/authorization: .*\r\n/, ""),
      );
      return { request, status: 403, contains: "MissingAuthenticationToken" };
    }
    case "query": {
      const body = new URLSearchParams({ Action: "SendMessage", QueueUrl, MessageBody: text }).toString();
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const request = rawBytes(cloud, { method: "POST", target: "/", headers, body, service: "sqs" });
      return { request, status: 200, contains: `<MD5OfMessageBody>${md5(text)}</MD5OfMessageBody>` };
    }
    case "object": {
      const request = rawBytes(cloud, { method: "PUT", target: "/results/key", body: text });
      return { request, status: 200, contains: `etag: "${md5(text)}"` };
    }
    case "identity":
      return {
        request: Buffer.from("GET /_cloud HTTP/1.1\r\nhost: x\r\n\r\n"),
        status: 200,
        contains: '"dir"',
      };
  }
}

const kinds: Kind[] = ["send", "refused", "unsigned", "query", "chunked", "object", "identity", "keep-alive"];

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % bytes.byteLength).toSorted((a, b) => a - b), bytes.byteLength];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

test("requests of every kind on one connection, cut anywhere, are answered in order and with their own bytes", async () => {
  const cloud = await testCloud({ provision: { buckets: ["results"] } });
  const url = await makeQueue(cloud);
  const one = fc.tuple(
    fc.constantFrom<Kind>("send", "send", ...kinds),
    fc.string({ minLength: 1, maxLength: 300 }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(one, { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      async (calls, cuts) => {
        const cases = calls.map(([kind, text]) => caseOf(cloud, url, kind, JSON.stringify(text)));
        const wire = new Wire(cloud.endpoint);
        await wire.write(...pieces(Buffer.concat(cases.map((it) => it.request)), cuts));
        for (const { status, contains } of cases) {
          const answer = await wire.read();
          expect(answer?.status).toBe(status);
          expect(`${answer?.head}\n${answer?.body}`).toContain(contains);
        }
        wire.socket.destroy();
      },
    ),
    { numRuns: 60 },
  );
  expect(cloud.reports).toEqual([]);
});

/** How a request that says its length in two ways, or not as it must, could hide another one. */
const doubtful: [what: string, (request: string) => string][] = [
  ["two lengths", (it) => it.replace("\r\n", "\r\ncontent-length: 0\r\n")],
  ["a length and chunks", (it) => it.replace("\r\n", "\r\ntransfer-encoding: chunked\r\n")],
  ["a length with a sign", (it) => it.replace(/content-length: /, "content-length: +")],
  ["a length in hexadecimal", (it) => it.replace(/content-length: /, "content-length: 0x")],
  ["a blank before the colon", (it) => it.replace("content-length:", "content-length :")],
  ["a line that goes on", (it) => it.replace("\r\n", "\r\nx-more: a\r\n b\r\n")],
  ["a lone carriage return", (it) => it.replace("\r\n", "\r\nx-more: a\rcontent-length: 0\r\n")],
  ["a zero byte", (it) => it.replace("\r\n", "\r\nx-more: a\0\r\n")],
  ["a blank in the path", (it) => it.replace("POST / ", "POST / x ")],
];

test.each(doubtful)("a request with %s is refused, and so is what follows", async (_, spoil) => {
  const cloud = await testCloud();
  const QueueUrl = await makeQueue(cloud);
  const good = sqs(cloud, "SendMessage", { QueueUrl, MessageBody: "hidden" });
  const wire = new Wire(cloud.endpoint);
  await wire.write(good, Buffer.from(spoil(good.toString())), good);
  const answers = await wire.readAll();
  expect(answers.map((it) => it.status)).toEqual([200, 400]);
  expect(answers[1]?.head).toContain("onnection: close");
});

test("a head that is too long, a body that is too long, and what expects a word first go to Node's HTTP server", async () => {
  const cloud = await testCloud();
  const QueueUrl = await makeQueue(cloud);
  const first = async (...bytes: Buffer[]): Promise<WireAnswer | undefined> => {
    const wire = new Wire(cloud.endpoint);
    await wire.write(...bytes);
    return wire.read();
  };
  const long = { "x-long": "l".repeat(17_000) };
  expect(await first(sqs(cloud, "ListQueues", {}, long))).toMatchObject({ status: 431 });
  const large = sqs(cloud, "SendMessage", { QueueUrl, MessageBody: "b".repeat(8 * 1024 * 1024) });
  expect(await first(large)).toMatchObject({ status: 413 });
  const waiting = sqs(cloud, "SendMessage", { QueueUrl, MessageBody: "b" }, { expect: "100-continue" });
  const at = waiting.indexOf("\r\n\r\n") + 4;
  const wire = new Wire(cloud.endpoint);
  await wire.write(waiting.subarray(0, at));
  expect(await wire.read()).toMatchObject({ status: 100 });
  await wire.write(waiting.subarray(at));
  expect(await wire.read()).toMatchObject({ status: 200 });
});

test("a body of a mebibyte that comes in small pieces is taken", async () => {
  const cloud = await testCloud();
  const MessageBody = "m".repeat(1024 * 1024);
  const request = sqs(cloud, "SendMessage", { QueueUrl: await makeQueue(cloud), MessageBody });
  const wire = new Wire(cloud.endpoint);
  await wire.write(
    ...pieces(
      request,
      Array.from({ length: 500 }, (_, index) => index * 2000),
    ),
  );
  expect((await wire.read())?.body).toContain(md5(MessageBody));
});

test("a client that sends on and on before it reads loses no answer", async () => {
  const cloud = await testCloud();
  const QueueUrl = await makeQueue(cloud);
  const bodies = Array.from({ length: 800 }, (_, index) => `${index}${"x".repeat(4000)}`);
  const wire = new Wire(cloud.endpoint);
  wire.socket.pause();
  const requests = bodies.map((MessageBody) => sqs(cloud, "SendMessage", { QueueUrl, MessageBody }));
  await wire.write(Buffer.concat(requests));
  wire.socket.resume();
  for (const body of bodies) expect((await wire.read())?.body).toContain(md5(body));
});

test("one connection can poll a hundred times; nothing is left on its socket", async () => {
  const cloud = await testCloud();
  const QueueUrl = await makeQueue(cloud);
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on("warning", note);
  onTestFinished(() => void process.off("warning", note));
  const wire = new Wire(cloud.endpoint);
  for (let round = 0; round < 100; round++) {
    const poll = sqs(cloud, "ReceiveMessage", { QueueUrl, WaitTimeSeconds: 20 });
    await wire.write(poll, sqs(cloud, "ListQueues", {}));
    const other = new Wire(cloud.endpoint);
    await other.write(sqs(cloud, "SendMessage", { QueueUrl, MessageBody: `${round}` }));
    expect((await wire.read())?.body).toContain(`"Body":"${round}"`);
    expect((await wire.read())?.status).toBe(200);
    other.socket.destroy();
  }
  expect(warnings).toEqual([]);
});

test("who closes its half of the connection while it polls is gone: the message stays for others", async () => {
  const cloud = await testCloud();
  const QueueUrl = await makeQueue(cloud);
  const poll = sqs(cloud, "ReceiveMessage", { QueueUrl, WaitTimeSeconds: 20 });
  const gone = new Wire(cloud.endpoint);
  await gone.write(poll);
  gone.socket.end();
  expect(await gone.readAll()).toEqual([]);
  const other = new Wire(cloud.endpoint);
  await other.write(sqs(cloud, "SendMessage", { QueueUrl, MessageBody: "kept" }), poll);
  expect((await other.read())?.status).toBe(200);
  expect((await other.read())?.body).toContain('"Body":"kept"');
});

test("a signed header may end with any byte of UTF-8, for our reader and for Node's", async () => {
  const cloud = await testCloud({ provision: { buckets: ["results"] } });
  const word = "voil\u00e0"; // its last byte, A0, is a blank to JavaScript
  const wire = new Wire(cloud.endpoint);
  await wire.write(sqs(cloud, "ListQueues", {}, { "x-word": word }));
  expect(await wire.read()).toMatchObject({ status: 200 });
  const headers = { "x-amz-meta-word": word };
  await wire.write(rawBytes(cloud, { method: "PUT", target: "/results/key", headers, body: "b" }));
  expect(await wire.read()).toMatchObject({ status: 200 });
});
