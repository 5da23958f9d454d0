import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { Readable } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { createSystemHttp } from "../../../../base/system/http.ts";
import { deadPort, webServer } from "../../../support/web-server.ts";

function client() {
  const http = createSystemHttp();
  onTestFinished(() => http.close());
  const { signal } = new AbortController();
  const get = (url: string, by: AbortSignal = signal) =>
    http.request({ method: "GET", url, headers: {}, signal: by });
  return { http, get, signal };
}

describe("an outgoing request", () => {
  test("carries method, headers and body, and brings status, headers and body back", async () => {
    const server = await webServer((_, response) => {
      response.writeHead(201, { "x-one": "1", "set-cookie": ["a=1", "b=2"] }).end("answer");
    });
    const { http, signal } = client();
    const headers = { authorization: "Basic eA==", "content-type": "application/xml" };
    const answer = await http.request({
      method: "POST",
      url: `${server.origin}/p?q=1`,
      headers,
      body: "sent",
      signal,
    });
    expect(server.seen).toMatchObject([
      { method: "POST", url: "/p?q=1", headers, body: Buffer.from("sent") },
    ]);
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({ "x-one": "1", "set-cookie": "a=1, b=2" });
    expect((await buffer(Readable.from(answer.body))).toString()).toBe("answer");
  });

  test("does not follow a redirect", async () => {
    const server = await webServer(
      (_, response) => void response.writeHead(302, { location: "/else" }).end(),
    );
    const answer = await client().get(server.origin);
    expect(answer.status).toBe(302);
    await answer.discard();
    expect(server.seen).toHaveLength(1);
  });

  test("fails with a reason when nobody listens", async () => {
    await expect(client().get(`http://127.0.0.1:${await deadPort()}/`)).rejects.toThrow(/ECONNREFUSED/);
  });

  test("ends when its signal aborts: before the head of the answer, and in the middle of the body", async () => {
    const server = await webServer(({ url }, response) => {
      if (url === "/begins") response.writeHead(200).write("first");
    });
    const { get } = client();
    const early = new AbortController();
    const asking = get(server.origin, early.signal);
    early.abort(new Error("enough"));
    await expect(asking).rejects.toThrow("enough");
    const late = new AbortController();
    const { body } = await get(`${server.origin}/begins`, late.signal);
    const chunks = body[Symbol.asyncIterator]();
    await chunks.next();
    late.abort(new Error("enough"));
    await expect(chunks.next()).rejects.toThrow("enough");
  });

  test("a body that ends early is an error, never a shorter body", async () => {
    const server = await webServer((_, response) => {
      response.writeHead(200, { "content-length": "100" }).write("only this");
      response.socket?.end();
    });
    const { body } = await client().get(server.origin);
    await expect(buffer(Readable.from(body))).rejects.toThrow();
  });

  test("discarding an endless body comes back, and never rejects", async () => {
    const server = await webServer((_, response) => {
      const more = () => {
        while (response.writable && response.write(Buffer.alloc(16_384)));
      };
      response.writeHead(200).on("drain", more);
      more();
    });
    const answer = await client().get(server.origin);
    await answer.discard();
    while ((await server.connections()) > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  });

  test("an answer that is no HTTP is an error", async () => {
    const server = createServer((socket) => void socket.on("error", () => undefined).end("SSH-2.0-x\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    await expect(client().get(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });
});

describe("the machine's own metadata service", () => {
  test.each([
    "http://169.254.169.254/latest/meta-data/",
    "https://169.254.169.254/",
    "http://169.254.170.2/v2/credentials",
    "http://2852039166/",
    "http://0xa9.0xfe.0xa9.0xfe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://[fd00:ec2::254]/",
    "http://[fd00:ec2:0:0:0:0:0:254]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[::169.254.169.254]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[fe80::1]/",
  ])("is refused in every spelling, before anything is dialled: %s", async (url) => {
    await expect(client().get(url)).rejects.toMatchObject({ code: "address-refused" });
  });

  test("ordinary addresses are not", async () => {
    const server = await webServer((_, response) => void response.end("ok"));
    for (const host of ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"]) {
      const answer = await client().get(server.origin.replace("127.0.0.1", host));
      expect(answer.status, host).toBe(200);
      await answer.discard();
    }
  });
});
