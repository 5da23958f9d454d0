import { describe, expect, test } from "vitest";
import { systemRandom } from "../../../base/system/random.ts";
import { waitForAll } from "../../../client/batch/wait-all.ts";
import { pauseMs, waitForResult } from "../../../client/wait.ts";
import type { Objects } from "../../../cloud/ports/objects.ts";
import { resultKey } from "../../../jobs/keys.ts";
import type { JobResponse } from "../../../schemas/response.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { createMemoryObjects } from "../../support/memory-objects.ts";

const response = (id: string, status = "success") =>
  `<response service="analyze" status="${status}"><request messageId="${id}"/>` +
  `${status === "success" ? "" : '<error code="program-failed"/>'}<message>Done.</message></response>`;

function world(wrap: (objects: Objects) => Objects = (it) => it) {
  const clock = createFakeClock();
  const objects = createMemoryObjects(clock);
  const finish = (id: string, text = response(id)) => objects.put(resultKey({ id, generation: 0 }), text);
  return { clock, finish, ports: { clock, objects: wrap(objects), random: systemRandom } };
}

const outage = Object.assign(new Error("down"), { $metadata: { httpStatusCode: 503 } });
const denied = Object.assign(new Error("denied"), { $metadata: { httpStatusCode: 403 } });

describe("waitForResult", () => {
  test("finds the result that comes later, asking more and more rarely", async () => {
    const { clock, finish, ports } = world();
    clock.after(30_000, () => void finish("job-1"));
    expect(await waitForResult(ports, "job-1", { timeoutMs: 60_000 })).toMatchObject({
      messageId: "job-1",
      status: "success",
    });
    expect(clock.slept[0]).toBeLessThanOrEqual(200);
    expect(Math.max(...clock.slept)).toBeLessThanOrEqual(2_000);
    expect(clock.slept.length).toBeLessThan(30);
    expect(clock.monotonic()).toBeLessThan(32_500);
  });

  test("gives up in time, saying how to ask again", async () => {
    const { ports, clock } = world();
    await expect(waitForResult(ports, "job-1", { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: "wait-timeout",
      message: expect.stringContaining("--wait-for=job-1") as string,
    });
    expect(clock.monotonic()).toBeLessThan(8_000);
  });

  test("gives up in time although the store does not answer at all", async () => {
    const { ports, clock } = world((objects) => ({ ...objects, get: () => new Promise(() => undefined) }));
    const waiting = waitForResult(ports, "job-1", { timeoutMs: 5_000 });
    clock.advance(5_000);
    await expect(waiting).rejects.toMatchObject({ code: "wait-timeout" });
  });

  test("outlives a short outage, reports a long one, and a refusal at once", async () => {
    let until = 30_000;
    let failure: Error = outage;
    const { clock, finish, ports } = world((objects) => ({
      ...objects,
      get: (key) => (clock.monotonic() < until ? Promise.reject(failure) : objects.get(key)),
    }));
    await finish("job-1");
    expect((await waitForResult(ports, "job-1", { timeoutMs: 600_000 })).status).toBe("success");
    expect(clock.monotonic()).toBeGreaterThanOrEqual(30_000);
    until = Infinity;
    await expect(waitForResult(ports, "job-1", { timeoutMs: 600_000 })).rejects.toBe(outage);
    failure = denied;
    const before = clock.monotonic();
    await expect(waitForResult(ports, "job-1", { timeoutMs: 600_000 })).rejects.toBe(denied);
    expect(clock.monotonic()).toBe(before);
  });

  test("stops when told to, and refuses a document that is no response", async () => {
    const { finish, ports } = world();
    const stop = AbortSignal.abort(new Error("stopped"));
    await expect(waitForResult(ports, "job-1", { timeoutMs: 5_000, signal: stop })).rejects.toThrow(
      "stopped",
    );
    await finish("job-1", "<response/>");
    await expect(waitForResult(ports, "job-1", { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: "response-invalid",
    });
  });

  test("the pause has jitter", () => {
    const pauses = new Set(Array.from({ length: 10 }, () => pauseMs(systemRandom, 3)));
    expect(pauses.size).toBeGreaterThan(1);
  });
});

describe("waitForAll", () => {
  const jobs = Array.from({ length: 600 }, (_, index) => ({ messageId: `job-${index}`, line: index }));

  test("brings each job its own result, whatever the order", async () => {
    const { clock, finish, ports } = world();
    for (const [index, { messageId }] of jobs.toReversed().entries()) {
      clock.after(
        index * 40,
        () => void finish(messageId, response(messageId, index % 2 ? "failed" : "success")),
      );
    }
    const got = new Map<number, JobResponse>();
    const left = await waitForAll(ports, jobs, {
      timeoutMs: 600_000,
      onResult: ({ line }, result) => void got.set(line, result),
      onUnreadable: () => expect.unreachable(),
    });
    expect(left).toEqual([]);
    expect(got.size).toBe(600);
    for (const { messageId, line } of jobs) expect(got.get(line)?.messageId).toBe(messageId);
  });

  test("returns the unfinished in the end, and reports what cannot be read", async () => {
    const { finish, ports } = world();
    await finish("job-0");
    await finish("job-1", "broken");
    const unreadable: number[] = [];
    const left = await waitForAll(ports, jobs.slice(0, 3), {
      timeoutMs: 5_000,
      onResult: () => undefined,
      onUnreadable: ({ line }) => void unreadable.push(line),
    });
    expect(left.map(({ line }) => line)).toEqual([2]);
    expect(unreadable).toEqual([1]);
  });

  test("reports a refusal at once", async () => {
    const { ports } = world((objects) => ({ ...objects, get: () => Promise.reject(denied) }));
    const options = { timeoutMs: 600_000, onResult: () => undefined, onUnreadable: () => undefined };
    await expect(waitForAll(ports, jobs, options)).rejects.toBe(denied);
  });
});
