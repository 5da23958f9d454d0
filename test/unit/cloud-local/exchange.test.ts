import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Exchange } from "../../../cloud/local/http/exchange.ts";
import { readHead } from "../../../cloud/local/http/head.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A request that has arrived and is not answered yet, and the client's end of its connection. */
async function arrived(): Promise<{ exchange: Exchange; client: Socket }> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  client.on("error", () => undefined);
  client.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
  const [request, response] = (await once(server, "request")) as [IncomingMessage, ServerResponse];
  return { exchange: new Exchange(request, response, readHead(request)), client };
}

test("an answer that the client reads is delivered, also when it closes right after", async () => {
  const { exchange, client } = await arrived();
  let undelivered = 0;
  expect(exchange.alive()).toBe(true);
  exchange.respond(200, {}, "hello", () => undelivered++);
  const [chunk] = (await once(client, "data")) as [Buffer];
  expect(chunk.toString()).toContain("hello");
  client.destroy();
  for (let n = 0; n < 5; n++) await turn();
  expect(undelivered).toBe(0);
});

test("a client that has gone is seen before the answer is written", async () => {
  const { exchange, client } = await arrived();
  const gone = new Promise<void>((resolve) => exchange.onGone(resolve));
  client.destroy();
  // One turn of the event loop is enough to know, long before the connection is torn down.
  await turn();
  await turn();
  expect(exchange.alive()).toBe(false);
  let undelivered = 0;
  exchange.respond(200, {}, "hello", () => undelivered++);
  expect(undelivered).toBe(1);
  await gone;
});

test("a client that went in the very moment of the answer is noticed by its reset", async () => {
  const { exchange, client } = await arrived();
  const undelivered = new Promise<void>((resolve) => {
    client.destroy();
    expect(exchange.alive()).toBe(true); // nothing has been read from the socket since
    exchange.respond(200, {}, "hello", resolve);
  });
  await undelivered;
});
