import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { fetchInput } from "../../../../agent/input/fetch.ts";
import { InputFailure } from "../../../../agent/input/input.ts";
import type { Clock } from "../../../../base/clock.ts";
import { systemClock } from "../../../../base/system/clock.ts";
import { systemFiles } from "../../../../base/system/files.ts";
import { createSystemHttp } from "../../../../base/system/http.ts";
import type { JobInput } from "../../../../schemas/request.ts";
import { createMemoryObjects } from "../../../support/memory-objects.ts";
import { createSeededRandom } from "../../../support/seeded-random.ts";
import { tempFolder } from "../../../support/temp-folder.ts";
import { deadPort, type Seen, webServer } from "../../../support/web-server.ts";

type Respond = (seen: Seen, response: ServerResponse) => void;

interface Options {
  maxBytes?: number;
  timeoutS?: number;
  basicAuth?: string;
  sha256?: string;
  signal?: AbortSignal;
  clock?: Clock;
}

/** Pauses between tries take no time; deadlines do. */
const hasty: Clock = { ...systemClock, sleep: () => Promise.resolve() };

async function fetchFrom(href: string, options: Options = {}) {
  const http = createSystemHttp();
  onTestFinished(() => http.close());
  const { maxBytes = 1_000_000, timeoutS = 10, basicAuth, sha256, clock = hasty } = options;
  const { signal = new AbortController().signal } = options;
  const path = join(await tempFolder(), "input");
  const tools = {
    clock,
    random: createSeededRandom(),
    files: systemFiles,
    http,
    objects: createMemoryObjects(clock),
  };
  const input: JobInput = { type: "http", href, ...(sha256 === undefined ? {} : { sha256 }) };
  const limits = { types: ["http"] as const, maxBytes, timeoutS };
  const bytes = await fetchInput(tools, { ...input, basicAuth }, limits, path, signal);
  return { bytes, content: await readFile(path, "utf8") };
}

async function failureOf(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await work;
  } catch (error) {
    if (error instanceof InputFailure) return error.failure;
    throw error;
  }
  throw new Error("It did not fail.");
}

const status =
  (code: number, headers: Record<string, string> = {}): Respond =>
  (_, response) =>
    void response.writeHead(code, headers).end("sorry");

describe("an input over HTTP", () => {
  test("is streamed to the file, with credentials for its server", async () => {
    const server = await webServer((_, response) => void response.end("the film"));
    const basicAuth = "Basic ZGlyazpteWxpbHNlY3JldA==";
    expect(await fetchFrom(`${server.origin}/convert.mov?x=1`, { basicAuth })).toEqual({
      bytes: 8,
      content: "the film",
    });
    expect(server.seen).toMatchObject([
      {
        method: "GET",
        url: "/convert.mov?x=1",
        headers: { authorization: basicAuth, "accept-encoding": "identity" },
      },
    ]);
  });

  test("of many chunks arrives whole", async () => {
    const chunk = "0123456789".repeat(1_000);
    const server = await webServer((_, response) => {
      for (let i = 0; i < 50; i++) response.write(chunk);
      response.end();
    });
    const { bytes, content } = await fetchFrom(server.origin);
    expect(bytes).toBe(500_000);
    expect(content).toBe(chunk.repeat(50));
  });

  test.each([
    [404, "input-not-found", 1],
    [410, "input-not-found", 1],
    [401, "input-unauthorized", 1],
    [403, "input-unauthorized", 1],
    [400, "input-refused", 1],
    [304, "input-refused", 1],
    [500, "input-unreachable", 3],
    [503, "input-unreachable", 3],
    [429, "input-unreachable", 3],
  ])("HTTP %s is %s, asked %s times", async (code, expected, times) => {
    const server = await webServer(status(code));
    const failure = await failureOf(fetchFrom(`${server.origin}/path?token=secret`));
    expect(failure.code).toBe(expected);
    expect(failure.message).toContain(String(code));
    expect(failure.message).toContain("/path");
    expect(failure.message).not.toContain("secret");
    expect(server.seen).toHaveLength(times);
  });

  test("that comes at the third try is taken", async () => {
    let n = 0;
    const server = await webServer((seen, response) =>
      ++n < 3 ? status(502)(seen, response) : void response.end("ok"),
    );
    expect((await fetchFrom(server.origin)).content).toBe("ok");
  });

  test("whose server is not there is unreachable, and the sentence says why", async () => {
    const failure = await failureOf(fetchFrom(`http://127.0.0.1:${await deadPort()}/a`));
    expect(failure).toMatchObject({
      code: "input-unreachable",
      message: expect.stringContaining("ECONNREFUSED") as string,
    });
  });

  test("at the machine's metadata service is refused", async () => {
    const failure = await failureOf(fetchFrom("http://169.254.169.254/latest/meta-data/"));
    expect(failure.code).toBe("input-refused");
  });
});

describe("redirects", () => {
  test("are followed, up to five, and not more", async () => {
    const server = await webServer(({ url }, response) => {
      const n = Number(url.slice(1));
      if (n === 0) response.end("there");
      else response.writeHead(302, { location: `/${n - 1}` }).end();
    });
    expect((await fetchFrom(`${server.origin}/5`)).content).toBe("there");
    expect((await failureOf(fetchFrom(`${server.origin}/6`))).code).toBe("input-refused");
  });

  test("in a circle end", async () => {
    const server = await webServer(status(301, { location: "/" }));
    expect((await failureOf(fetchFrom(server.origin))).code).toBe("input-refused");
    expect(server.seen).toHaveLength(6);
  });

  test("to another origin never carry the credentials, and back again they do", async () => {
    const other = await webServer(({ url }, response) => {
      if (url === "/back") response.writeHead(302, { location: `${home.origin}/end` }).end();
      else response.end("elsewhere");
    });
    const home = await webServer(({ url }, response) => {
      if (url === "/end") response.end("home");
      else response.writeHead(302, { location: `${other.origin}${url}` }).end();
    });
    expect((await fetchFrom(`${home.origin}/away`, { basicAuth: "Basic eA==" })).content).toBe("elsewhere");
    expect(other.seen[0]?.headers.authorization).toBeUndefined();
    expect((await fetchFrom(`${home.origin}/back`, { basicAuth: "Basic eA==" })).content).toBe("home");
    expect(home.seen.map((it) => it.headers.authorization)).toEqual([
      "Basic eA==",
      "Basic eA==",
      "Basic eA==",
    ]);
    expect(other.seen.every((it) => it.headers.authorization === undefined)).toBe(true);
  });

  test.each(["file:///etc/passwd", "ftp://a/b", "gopher://a", "data:text/plain,x", "http://[", ""])(
    "to %j are refused",
    async (location) => {
      const server = await webServer(status(302, { location }));
      const { code } = await failureOf(fetchFrom(server.origin));
      expect(code).toBe("input-refused");
    },
  );

  test("to the machine's metadata service are refused", async () => {
    const server = await webServer(status(302, { location: "http://169.254.169.254/" }));
    expect((await failureOf(fetchFrom(server.origin))).code).toBe("input-refused");
  });
});

describe("an input that is not what it should be", () => {
  test("shorter than its content-length is incomplete", async () => {
    const server = await webServer((_, response) => {
      response.writeHead(200, { "content-length": "100" }).write("only this");
      response.socket?.end();
    });
    expect((await failureOf(fetchFrom(server.origin))).code).toBe("input-incomplete");
    expect(server.seen).toHaveLength(3);
  });

  test("cut off in the middle of its chunks is incomplete", async () => {
    const server = await webServer((_, response) => {
      response.writeHead(200).write("only this");
      setImmediate(() => response.socket?.destroy());
    });
    const { code } = await failureOf(fetchFrom(server.origin));
    expect(["input-incomplete", "input-unreachable"]).toContain(code);
  });

  test("is compared with the SHA-256 that the request names", async () => {
    const server = await webServer((_, response) => void response.end("content"));
    const sha256 = createHash("sha256").update("content").digest("hex");
    expect((await fetchFrom(server.origin, { sha256 })).bytes).toBe(7);
    const wrong = await failureOf(fetchFrom(server.origin, { sha256: "0".repeat(64) }));
    expect(wrong).toMatchObject({
      code: "input-incomplete",
      message: expect.stringContaining("SHA-256") as string,
    });
  });

  test("too large by its own account is not read, and its connection is freed", async () => {
    const server = await webServer((_, response) => {
      response.writeHead(200, { "content-length": "5000000" }).write("x".repeat(1_000));
    });
    const failure = await failureOf(fetchFrom(server.origin, { maxBytes: 1_000 }));
    expect(failure.code).toBe("input-too-large");
    expect(failure.message).toContain("5000000");
    while ((await server.connections()) > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  });

  test("too large without saying so is cut off, and its connection is freed", async () => {
    const server = await webServer((_, response) => {
      const more = () => {
        while (response.writable && response.write(Buffer.alloc(65_536)));
      };
      response.writeHead(200).on("drain", more);
      more();
    });
    expect((await failureOf(fetchFrom(server.origin, { maxBytes: 100_000 }))).code).toBe("input-too-large");
    while ((await server.connections()) > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  });

  test("of exactly the limit is taken", async () => {
    const server = await webServer((_, response) => void response.end("x".repeat(1_000)));
    expect((await fetchFrom(server.origin, { maxBytes: 1_000 })).bytes).toBe(1_000);
  });
});

/** Deadlines come when the test says so. */
const onDemand = () => {
  const due: (() => void)[] = [];
  const clock: Clock = { ...hasty, after: (_, fn) => (due.push(fn), () => undefined) };
  return { clock, pass: () => due.splice(0).forEach((fn) => fn()) };
};

describe("time", () => {
  test("is over for a server that never answers", async () => {
    const { clock, pass } = onDemand();
    const server = await webServer(() => pass());
    const failure = await failureOf(fetchFrom(server.origin, { clock, timeoutS: 60 }));
    expect(failure).toMatchObject({
      code: "input-too-slow",
      message: expect.stringContaining("60 s") as string,
    });
    expect(server.seen).toHaveLength(1);
  });

  test("is over for one that sends drop by drop", async () => {
    const { clock, pass } = onDemand();
    const server = await webServer((_, response) => {
      response.writeHead(200).write("drop");
      setImmediate(pass);
    });
    expect((await failureOf(fetchFrom(server.origin, { clock }))).code).toBe("input-too-slow");
    while ((await server.connections()) > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  });

  test("is over when the lease is: the reason comes through as it is", async () => {
    const controller = new AbortController();
    const server = await webServer((_, response) => {
      response.writeHead(200).write("first");
      setImmediate(() => controller.abort(new Error("lease lost")));
    });
    await expect(fetchFrom(server.origin, { signal: controller.signal })).rejects.toThrow("lease lost");
  });
});
