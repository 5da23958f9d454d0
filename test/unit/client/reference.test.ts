import { describe, expect, test } from "vitest";
import { systemRandom } from "../../../base/system/random.ts";
import { STALE_S, submitOnce } from "../../../client/reference.ts";
import type { Objects } from "../../../cloud/ports/objects.ts";
import { referenceKey } from "../../../jobs/keys.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { createMemoryObjects } from "../../support/memory-objects.ts";

const JOB = { reference: "clip-17", fingerprint: "same" };
const KEY = referenceKey(JOB.reference);

function world(wrap: (objects: Objects) => Objects = (it) => it) {
  const clock = createFakeClock();
  const objects = createMemoryObjects(clock);
  const ports = { objects: wrap(objects), clock, random: systemRandom };
  const sent: string[] = [];
  const send = async () => {
    await Promise.resolve();
    sent.push(`id-${sent.length + 1}`);
    return sent.at(-1) ?? "";
  };
  return { clock, objects, ports, sent, send, submit: (job = JOB) => submitOnce(ports, job, send) };
}

const never = () => new Promise<string>(() => undefined);

describe("a reference", () => {
  test("submitted twice is sent once", async () => {
    const { submit, sent } = world();
    expect(await submit()).toEqual({ messageId: "id-1", duplicate: false });
    expect(await submit()).toEqual({ messageId: "id-1", duplicate: true });
    expect(sent).toHaveLength(1);
  });

  test("submitted twenty times at once is sent once, and all learn the same id", async () => {
    const { submit, sent } = world();
    const submissions = await Promise.all(Array.from({ length: 20 }, () => submit()));
    expect(new Set(submissions.map(({ messageId }) => messageId))).toEqual(new Set(["id-1"]));
    expect(submissions.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(sent).toHaveLength(1);
  });

  test("with another request is refused", async () => {
    const { submit, sent } = world();
    await submit();
    await expect(submit({ ...JOB, fingerprint: "other" })).rejects.toMatchObject({
      code: "reference-conflict",
    });
    expect(sent).toHaveLength(1);
  });

  test("whose sender died before the send is sent by the next submit, once the claim is stale", async () => {
    const { ports, submit, sent, clock } = world();
    void submitOnce(ports, JOB, never);
    const started = clock.monotonic();
    expect(await submit()).toEqual({ messageId: "id-1", duplicate: false });
    expect(sent).toHaveLength(1);
    expect(clock.monotonic() - started).toBeGreaterThanOrEqual(STALE_S * 1000);
  });

  test("whose send failed is sent by the next submit at once", async () => {
    const { ports, submit, clock } = world();
    await expect(submitOnce(ports, JOB, () => Promise.reject(new Error("down")))).rejects.toThrow("down");
    expect((await submit()).messageId).toBe("id-1");
    expect(clock.slept).toEqual([]);
  });

  test("whose first sender was only slow gets two messages, and both learn the first recorded id", async () => {
    const { ports, submit, clock } = world();
    const slow = Promise.withResolvers<string>();
    const first = submitOnce(ports, JOB, () => slow.promise);
    expect((await submit()).messageId).toBe("id-1");
    expect(clock.slept.length).toBeGreaterThan(0);
    slow.resolve("id-slow");
    expect(await first).toEqual({ messageId: "id-1", duplicate: true });
  });

  test("a lost answer to our own claim does not make us wait for ourselves", async () => {
    let lost = 0;
    const { submit, sent, clock } = world((objects) => ({
      ...objects,
      put: async (key, body, options) => {
        const result = await objects.put(key, body, options);
        if (lost > 0) return result;
        lost += 1;
        return { outcome: "exists" }; // the SDK repeated the write and met its own object
      },
    }));
    expect(await submit()).toEqual({ messageId: "id-1", duplicate: false });
    expect([lost, sent.length, clock.slept.length]).toEqual([1, 1, 0]);
  });

  test("a record that cannot be written is a warning: the job was sent", async () => {
    let puts = 0;
    const { submit, sent } = world((objects) => ({
      ...objects,
      put: (key, body, options) => {
        puts += 1;
        return puts === 2 ? Promise.reject(new Error("S3 is away")) : objects.put(key, body, options);
      },
    }));
    const submission = await submit();
    expect(submission).toMatchObject({ messageId: "id-1", duplicate: false });
    expect(submission.warning).toContain("S3 is away");
    expect(sent).toHaveLength(1);
  });

  test("others that keep failing are not waited for without end", async () => {
    const { clock, objects, submit } = world((inner) => ({
      ...inner,
      get: async (key) => {
        const found = await inner.get(key);
        return found && { ...found, lastModified: found.storeNow }; // somebody takes it over again and again
      },
    }));
    await objects.put(KEY, JSON.stringify({ state: "sending", fingerprint: "same", nonce: "x" }));
    await expect(submit()).rejects.toMatchObject({ code: "reference-busy" });
    expect(clock.monotonic()).toBeLessThan(400_000);
  });

  test("a foreign object under its key is reported", async () => {
    const { objects, submit } = world();
    await objects.put(KEY, "not ours");
    await expect(submit()).rejects.toMatchObject({ code: "reference-unreadable" });
  });
});
