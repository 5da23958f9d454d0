import { describe, expect, test } from "vitest";
import { systemRandom } from "../../../base/system/random.ts";
import type { ClientPorts } from "../../../client/ports.ts";
import { submitOnce } from "../../../client/reference.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { createMemoryObjects } from "../../support/memory-objects.ts";

const JOB = { reference: "clip-17", fingerprint: "same" };
/** The effects of an undisturbed submit: claim, send, record. */
const EFFECTS = ["claim", "send", "record"] as const;

/** Runs a submit whose process dies at its nth effect, before or after that took place. Says whether it got there. */
async function submitAndDie(
  ports: Pick<ClientPorts, "objects" | "clock" | "random">,
  send: () => Promise<string>,
  death: { effect: number; took: boolean },
): Promise<boolean> {
  const dead = Promise.withResolvers<true>();
  let effects = 0;
  const mortal = async <T>(work: () => Promise<T>): Promise<T> => {
    if (effects++ !== death.effect) return await work();
    if (death.took) await work();
    dead.resolve(true);
    return await new Promise<T>(() => undefined); // the dead do nothing any more
  };
  const objects: ClientPorts["objects"] = {
    get: (key) => ports.objects.get(key),
    put: (key, body, options) => mortal(() => ports.objects.put(key, body, options)),
  };
  const submit = submitOnce({ ...ports, objects }, JOB, () => mortal(send));
  return await Promise.race([dead.promise, submit.then(() => false)]);
}

describe("a submit that dies", () => {
  for (const [effect, name] of EFFECTS.entries()) {
    test.each([false, true])(
      `at the ${name}, the effect having taken place: %s, loses nothing`,
      async (took) => {
        const clock = createFakeClock();
        const ports = { clock, objects: createMemoryObjects(clock), random: systemRandom };
        const sent: string[] = [];
        const send = async () => `id-${sent.push("sent")}`;
        expect(await submitAndDie(ports, send, { effect, took })).toBe(true);
        const later = await Promise.all([submitOnce(ports, JOB, send), submitOnce(ports, JOB, send)]);
        // Only a death between send and record doubles the job.
        const doubled = (name === "send" && took) || (name === "record" && !took);
        expect(sent).toHaveLength(doubled ? 2 : 1);
        expect(new Set(later.map(({ messageId }) => messageId)).size).toBe(1);
        const [one] = later;
        expect(await submitOnce(ports, JOB, send)).toEqual({ messageId: one?.messageId, duplicate: true });
      },
    );
  }

  test("has no other effects", async () => {
    const clock = createFakeClock();
    const ports = { clock, objects: createMemoryObjects(clock), random: systemRandom };
    expect(await submitAndDie(ports, async () => "id", { effect: EFFECTS.length, took: false })).toBe(false);
  });
});
