import type { ServerResponse } from "node:http";
import { Webhook } from "standardwebhooks";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Callback, postCallback, webhookId } from "../../../../agent/result/callback.ts";
import { systemClock } from "../../../../base/system/clock.ts";
import { createSystemHttp } from "../../../../base/system/http.ts";
import { type Seen, webServer } from "../../../support/web-server.ts";

const SECRET = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
const BODY = '<?xml version="1.0"?><response>ä</response>';

async function post(
  answer: (seen: Seen, response: ServerResponse) => void,
  changes: Partial<Callback> = {},
  signal: AbortSignal = new AbortController().signal,
) {
  const server = await webServer(answer);
  const http = createSystemHttp();
  onTestFinished(() => http.close());
  const callback: Callback = {
    href: `${server.origin}/hook.php?a=b`,
    job: { id: "m-1", generation: 0 },
    body: Buffer.from(BODY),
    basicAuth: undefined,
    key: undefined,
    link: undefined,
    ...changes,
  };
  const delivery = await postCallback({ http, clock: systemClock }, callback, signal);
  return { delivery, seen: server.seen };
}

const status =
  (code: number, headers: Record<string, string> = {}) =>
  (_: Seen, response: ServerResponse) =>
    void response.writeHead(code, headers).end();

describe("a callback", () => {
  test("POSTs the document with its id, credentials and links", async () => {
    const basicAuth = `Basic ${Buffer.from("dirk:tellnoone").toString("base64")}`;
    const link = '<https://example.com/a>; rel="item"; title="a.png"';
    const { delivery, seen } = await post(status(200), { basicAuth, link });
    expect(delivery).toEqual({ ok: true });
    expect(seen).toMatchObject([
      {
        method: "POST",
        url: "/hook.php?a=b",
        body: Buffer.from(BODY),
        headers: {
          "content-type": "application/xml; charset=utf-8",
          "webhook-id": "m-1",
          authorization: basicAuth,
          link,
          "content-length": String(Buffer.byteLength(BODY)),
        },
      },
    ]);
    expect(seen[0]?.headers["webhook-signature"]).toBeUndefined();
  });

  test("is signed as Standard Webhooks asks: their own library accepts it, and no other secret's", async () => {
    const key = Buffer.from(SECRET.replace("whsec_", ""), "base64");
    const { seen } = await post(status(204), { key });
    const [it] = seen;
    const headers = Object.fromEntries(
      ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => [
        name,
        String(it?.headers[name]),
      ]),
    );
    const raw = (secret: string) => {
      const { body } = it ?? { body: Buffer.alloc(0) };
      const [, signature] = new Webhook(secret)
        .sign(
          headers["webhook-id"] ?? "",
          new Date(Number(headers["webhook-timestamp"]) * 1000),
          body.toString(),
        )
        .split(",");
      return signature;
    };
    expect(headers["webhook-signature"]).toBe(`v1,${raw(SECRET)}`);
    expect(headers["webhook-signature"]).not.toBe(
      `v1,${raw(`whsec_${Buffer.alloc(32, 1).toString("base64")}`)}`,
    );
    expect(Math.abs(Number(headers["webhook-timestamp"]) - Date.now() / 1000)).toBeLessThan(5);
  });

  test("of a replay has an id of its own", () => {
    expect(webhookId({ id: "m-1", generation: 0 })).toBe("m-1");
    expect(webhookId({ id: "m-1", generation: 2 })).toBe("m-1.g2");
  });
});

describe("the answer", () => {
  test.each([200, 201, 202, 204])("HTTP %s is delivered", async (code) => {
    expect((await post(status(code))).delivery).toEqual({ ok: true });
  });

  test.each([
    [301, true],
    [400, true],
    [403, true],
    [404, true],
    [408, false],
    [425, false],
    [429, false],
    [500, false],
    [503, false],
  ])("HTTP %s is not; the receiver will hardly take it: %s", async (code, refused) => {
    const { delivery } = await post(status(code, { location: "/else" }));
    expect(delivery).toMatchObject({
      ok: false,
      refused,
      gone: false,
      reason: `The callback answered HTTP ${code}.`,
    });
  });

  test("HTTP 410 is for good", async () => {
    expect((await post(status(410))).delivery).toMatchObject({ ok: false, refused: true, gone: true });
  });

  test("a redirect is not followed: nobody can send our credentials elsewhere", async () => {
    const { seen } = await post(status(307, { location: "/else" }), { basicAuth: "Basic eA==" });
    expect(seen).toHaveLength(1);
  });

  test.each([
    ["120", 120],
    ["0", 0],
    ["99999999", 3_600],
    ["soon", undefined],
    ["-5", undefined],
    ["1.5", undefined],
  ])("Retry-After %j is %s s", async (value, seconds) => {
    const { delivery } = await post(status(503, { "retry-after": value }));
    const told = delivery.ok ? -1 : delivery.retryAfterS;
    if (seconds === undefined) expect(told === undefined || told === 0).toBe(true);
    else expect(told).toBe(seconds);
  });

  test("Retry-After may be a date", async () => {
    const date = new Date(Date.now() + 90_000).toUTCString();
    const { delivery } = await post(status(429, { "retry-after": date }));
    const told = delivery.ok ? -1 : (delivery.retryAfterS ?? -1);
    expect(told).toBeGreaterThanOrEqual(88);
    expect(told).toBeLessThanOrEqual(91);
  });

  test(
    "counts from its head: a body that never ends neither delays nor undoes a success",
    { timeout: 4_000 },
    async () => {
      const { delivery } = await post((_, response) => void response.writeHead(200).write("thanks, and"));
      expect(delivery).toEqual({ ok: true });
    },
  );

  test("that is endless is cut off", async () => {
    const { delivery } = await post((_, response) => {
      const more = () => {
        while (response.writable && response.write(Buffer.alloc(65_536)));
      };
      response.writeHead(200).on("drain", more);
      more();
    });
    expect(delivery).toEqual({ ok: true });
  });

  test("that never comes ends with the signal", async () => {
    const controller = new AbortController();
    const posting = post(() => controller.abort(new Error("too late")), {}, controller.signal);
    await expect(posting).rejects.toThrow("too late");
  });
});
