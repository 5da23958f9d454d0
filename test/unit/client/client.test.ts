import { describe, expect, test } from "vitest";
import { systemRandom } from "../../../base/system/random.ts";
import { RefusedRequest, createClient } from "../../../client/index.ts";
import type { JobRequest } from "../../../client/index.ts";
import { plain } from "../../../base/plain.ts";
import { resultKey } from "../../../jobs/keys.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { createMemoryObjects } from "../../support/memory-objects.ts";

const REQUEST: JobRequest = {
  service: "analyze",
  input: { type: "s3", href: "s3://clips/a.mov" },
  parameters: [],
  output: { type: "store" },
};

const withPassword = (password: string, href = "http://x/a"): JobRequest => ({
  ...REQUEST,
  reference: "clip-1",
  input: { type: "http", href, credentials: { type: "http-basic", username: "dirk", password } },
});

function world() {
  const clock = createFakeClock();
  const objects = createMemoryObjects(clock);
  const sent: string[] = [];
  const requests = { send: async (body: string) => `job-${sent.push(body)}` };
  return { clock, objects, sent, client: createClient({ requests, objects, clock, random: systemRandom }) };
}

describe("the library", () => {
  test("submits and waits", async () => {
    const { client, clock, objects } = world();
    const result =
      '<response service="analyze" status="success"><request messageId="job-1"/><message>Done.</message></response>';
    clock.after(5_000, () => void objects.put(resultKey({ id: "job-1", generation: 0 }), result));
    expect(await client.submitAndWait(REQUEST)).toMatchObject({ messageId: "job-1", status: "success" });
    await expect(client.wait("job-2", { timeoutMs: 100 })).rejects.toMatchObject({ code: "wait-timeout" });
  });

  test("sends nothing that the fleet would refuse", async () => {
    const { client, sent } = world();
    const broken = { ...REQUEST, service: "no such name" };
    await expect(client.submit(broken)).rejects.toBeInstanceOf(RefusedRequest);
    await expect(client.submit(broken)).rejects.toMatchObject({ code: "request-invalid" });
    expect(sent).toEqual([]);
  });

  test("a reference with rotated secrets is the same job, with another input it is not", async () => {
    const { client, sent } = world();
    await client.submit(withPassword("one"));
    expect(await client.submit(withPassword("two"))).toEqual({ messageId: "job-1", duplicate: true });
    await expect(client.submit(withPassword("one", "http://x/b"))).rejects.toMatchObject({
      code: "reference-conflict",
    });
    expect(sent).toHaveLength(1);
  });
});

test("no control character of foreign text reaches a screen", () => {
  expect(plain("a\u001b[2Jb\u0007\u009bc\r\nd\te")).toBe("a\\x1b[2Jb\\x07\\x9bc\\x0d\\x0ad\\x09e");
  expect(plain("a\n\tb\r", true)).toBe("a\n\tb\\x0d");
});
