import { describe, expect, test } from "vitest";
import { fetchInput } from "../../../../agent/input/fetch.ts";
import { InputFailure } from "../../../../agent/input/input.ts";
import type { Clock } from "../../../../base/clock.ts";
import type { Objects } from "../../../../cloud/ports/objects.ts";
import { FLEET_KEY } from "../../../../jobs/keys.ts";
import { createMemoryFiles } from "../../../support/memory-files.ts";
import { createMemoryObjects } from "../../../support/memory-objects.ts";
import { createScriptedHttp } from "../../../support/scripted-http.ts";
import { createSeededRandom } from "../../../support/seeded-random.ts";
import { createSimClock } from "../../../support/sim-clock.ts";

async function* stuck() {
  yield Buffer.from("x");
  await new Promise(() => undefined);
}

async function* trickle(clock: Clock) {
  for (;;) {
    await clock.sleep(5_000);
    yield Buffer.from("x");
  }
}

const LIMITS = { types: ["s3"] as const, maxBytes: 100, timeoutS: 30 };

function setUp(change: (objects: Objects) => Partial<Objects> = () => ({})) {
  const clock = createSimClock();
  const objects = createMemoryObjects(clock, "drover");
  const files = createMemoryFiles();
  const http = createScriptedHttp(clock, () => ({}));
  const tools = {
    clock,
    random: createSeededRandom(),
    files,
    http,
    objects: { ...objects, ...change(objects) },
  };
  const fetch = (href: string, signal = new AbortController().signal) =>
    clock.settle(fetchInput(tools, { type: "s3", href, basicAuth: undefined }, LIMITS, "/input", signal));
  const codeOf = async (href: string) => {
    const error: unknown = await fetch(href).then(
      () => undefined,
      (it: unknown) => it,
    );
    if (!(error instanceof InputFailure)) throw new Error("It should be an InputFailure.", { cause: error });
    return error.failure.code;
  };
  return { clock, objects, files, fetch, codeOf };
}

const failing = (name: string) => () => ({
  getStream: () => Promise.reject(Object.assign(new Error(name), { name })),
});

describe("an input in S3", () => {
  test("is streamed to the file", async () => {
    const { objects, files, fetch } = setUp();
    await objects.put("videos/a b.mov", "film");
    expect(await fetch("s3://drover/videos/a b.mov")).toBe(4);
    expect(Buffer.from(files.contents.get("/input") ?? "").toString()).toBe("film");
  });

  test("is asked of the bucket that the request names", async () => {
    const asked: unknown[] = [];
    const { codeOf } = setUp(() => ({
      getStream: (key, { bucket }) => {
        asked.push([bucket, key]);
        return Promise.resolve(undefined);
      },
    }));
    expect(await codeOf("s3://other/key/with/slashes")).toBe("input-not-found");
    expect(asked).toEqual([["other", "key/with/slashes"]]);
  });

  test.each([FLEET_KEY, "jobs/x/g0/result", "artifacts/x", "activity/i/0.log", "status/i", "references/x"])(
    "is never one of the fleet's own records: %s",
    async (key) => {
      const { objects, files, codeOf } = setUp();
      await objects.put(key, "secret");
      expect(await codeOf(`s3://drover/${key}`)).toBe("input-refused");
      expect(files.contents.size).toBe(0);
    },
  );

  test.each([
    ["NoSuchBucket", "input-not-found"],
    ["AccessDenied", "input-unauthorized"],
    ["Forbidden", "input-unauthorized"],
    ["InternalError", "input-unreachable"],
    ["TimeoutError", "input-unreachable"],
  ])("%s is %s", async (name, code) => {
    expect(await setUp(failing(name)).codeOf("s3://other/key")).toBe(code);
  });

  test("shorter than S3 said is incomplete", async () => {
    const { objects, codeOf } = setUp((it) => ({
      getStream: async (key, options) => {
        const found = await it.getStream(key, options);
        return found && { ...found, bytes: found.bytes + 1 };
      },
    }));
    await objects.put("a", "film");
    expect(await codeOf("s3://drover/a")).toBe("input-incomplete");
  });

  test("too large is not read, and its connection is freed", async () => {
    let freed = 0;
    const { objects, codeOf } = setUp((it) => ({
      getStream: async (key, options) => {
        const found = await it.getStream(key, options);
        return found && { ...found, discard: () => Promise.resolve(void freed++) };
      },
    }));
    await objects.put("a", "x".repeat(101));
    expect(await codeOf("s3://drover/a")).toBe("input-too-large");
    expect(freed).toBe(1);
  });

  test("that trickles ends with its time, although its stream heeds no signal", async () => {
    const { clock, codeOf } = setUp(() => ({
      getStream: () => {
        return Promise.resolve({
          bytes: 90,
          etag: "",
          body: trickle(clock),
          discard: () => Promise.resolve(),
        });
      },
    }));
    expect(await codeOf("s3://drover/a")).toBe("input-too-slow");
    expect(clock.monotonic()).toBe(30_000);
  });

  test("whose stream hangs ends with the lease", async () => {
    const controller = new AbortController();
    const { clock, fetch } = setUp(() => ({
      getStream: () => {
        return Promise.resolve({ bytes: 90, etag: "", body: stuck(), discard: () => Promise.resolve() });
      },
    }));
    clock.after(1_000, () => controller.abort(new Error("lease lost")));
    await expect(fetch("s3://drover/a", controller.signal)).rejects.toThrow("lease lost");
    expect(clock.monotonic()).toBe(1_000);
  });
});
