import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../../base/system/clock.ts";
import { systemFiles } from "../../../base/system/files.ts";
import { systemRandom } from "../../../base/system/random.ts";
import { openInbox } from "../../../client/receive/inbox.ts";
import type { Inbox } from "../../../client/receive/inbox.ts";
import { startReceiver } from "../../../client/receive/server.ts";
import type { Receiver, ReceiverEvent, ReceiverOptions } from "../../../client/receive/server.ts";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const RESPONSE = `<?xml version="1.0" encoding="UTF-8"?>
<response service="analyze" status="success"><request messageId="7d57b74c-78a4-459e-9445-4d5b9e0b3c27"/><message>Done.</message></response>`;

let folder = "";
let receiver: Receiver | undefined;
let events: ReceiverEvent[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "drover-receiver-"));
  events = [];
});
afterEach(async () => {
  await receiver?.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(options: Partial<ReceiverOptions> = {}): Promise<string> {
  const inbox = await openInbox(folder, {
    files: systemFiles,
    random: systemRandom,
    syncFolder: () => Promise.resolve(),
  });
  receiver = await startReceiver({
    host: "127.0.0.1",
    port: 0,
    secrets: [],
    inbox,
    clock: systemClock,
    onEvent: (event) => void events.push(event),
    ...options,
  });
  return receiver.url;
}

const post = (url: string, body: string | Uint8Array = RESPONSE, headers: Record<string, string> = {}) =>
  fetch(url, { method: "POST", body, headers });
const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });
const documents = async () => (await readdir(folder)).filter((name) => name.endsWith(".xml"));

function signature(at = new Date(), secret = SECRET): Record<string, string> {
  return {
    "webhook-id": "call-1",
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": new Webhook(secret).sign("call-1", at, RESPONSE),
  };
}

describe("the callback receiver", () => {
  test("stores a response and its repeat once; other bytes under the same id are a conflict", async () => {
    const url = await start();
    const id = { "webhook-id": "call-1" };
    expect((await post(`${url}any/path?x=1`, RESPONSE, id)).status).toBe(200);
    expect((await post(url, RESPONSE, id)).status).toBe(200);
    expect((await post(url, RESPONSE.replace("Done.", "Other."), id)).status).toBe(409);
    await expect.poll(() => events.map(({ event }) => event)).toEqual(["stored", "duplicate", "conflict"]);
    expect(await documents()).toHaveLength(2);
  });

  test.each([
    ["none", {}, 401, "webhook-header-missing"],
    [
      "of another secret",
      signature(new Date(), `whsec_${Buffer.alloc(32, 1).toString("base64")}`),
      401,
      "webhook-signature-wrong",
    ],
    ["too old", signature(new Date(Date.now() - 400_000)), 401, "webhook-timestamp-refused"],
    ["right", signature(), 200, "stored"],
  ])("a signature that is %s", async (_, headers, status, word) => {
    const response = await post(await start({ secrets: [SECRET] }), RESPONSE, headers);
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(word);
    expect(await documents()).toHaveLength(status === 200 ? 1 : 0);
  });

  test("asks for basic authentication", async () => {
    const url = await start({ account: { user: "dirk", password: "krid" } });
    const refused = await post(url);
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toContain("Basic");
    expect((await post(url, RESPONSE, basic("dirk:wrong"))).status).toBe(401);
    expect(await documents()).toEqual([]);
    expect((await post(url, RESPONSE, basic("dirk:krid"))).status).toBe(200);
  });

  test("refuses what is no response, and what is no POST", async () => {
    const url = await start();
    expect((await fetch(url)).status).toBe(405);
    expect((await post(url, "<request/>")).status).toBe(400);
    expect((await post(url, "")).status).toBe(400);
    expect((await post(url, RESPONSE, { "content-encoding": "gzip" })).status).toBe(415);
    expect(
      (await post(url, RESPONSE.replace("7d57b74c-78a4-459e-9445-4d5b9e0b3c27", "../../etc/passwd"))).status,
    ).toBe(400);
    expect(
      (await post(url, RESPONSE.replace("7d57b74c-78a4-459e-9445-4d5b9e0b3c27", ".hidden"))).status,
    ).toBe(400);
    expect(await documents()).toEqual([]);
  });

  test("answers 413 to a body over the limit and cuts an endless one", async () => {
    const url = await start();
    expect((await post(url, Buffer.alloc(3 * 1024 * 1024, 0x20))).status).toBe(413);
    await post(url, Buffer.alloc(30 * 1024 * 1024, 0x20)).catch(() => undefined);
    await expect.poll(() => events.length).toBe(2);
    expect(events.every((it) => it.httpStatus === 413)).toBe(true);
  });

  test("answers 503 when it cannot store, so that the sender comes again", async () => {
    const inbox: Inbox = { store: () => Promise.reject(new Error("ENOSPC: no space left on device")) };
    const response = await post(await start({ inbox }));
    expect(response.status).toBe(503);
    expect(events).toMatchObject([{ event: "failed", code: "receiver-failed" }]);
  });

  test("a sender that trickles is cut off", async () => {
    const { port } = new URL(await start({ callTimeoutMs: 300 }));
    const socket = connect(Number(port), "127.0.0.1");
    socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\n");
    const trickle = setInterval(() => socket.write("x"), 20);
    socket.on("error", () => undefined).resume();
    await new Promise((resolve) => socket.once("close", resolve));
    clearInterval(trickle);
    await expect.poll(() => events).toMatchObject([{ event: "refused", code: "callback-incomplete" }]);
  });

  test("a sender that goes away in the middle leaves nothing", async () => {
    const { port } = new URL(await start());
    const socket = connect(Number(port), "127.0.0.1");
    socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\n${RESPONSE}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    await expect.poll(() => events).toMatchObject([{ event: "refused", code: "callback-incomplete" }]);
    expect(await documents()).toEqual([]);
  });
});
