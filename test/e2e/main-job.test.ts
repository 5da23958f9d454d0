import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { validate } from "../../schemas/validate.ts";
import { collect, type Fleet, startFleet } from "../support/fleet.ts";

const JOBS = 200;

describe("200 jobs over 2 slots with a one-line program", () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet();
    await fleet.addService(
      "hello",
      'command: ["/bin/echo", "hello"]\ninput: {types: []}\nresult: {kind: text}\n',
    );
  }, 30_000);
  afterAll(() => fleet.close());

  async function send(): Promise<string[]> {
    const body = '<request service="hello"><output type="queue"/></request>';
    return await Promise.all(Array.from({ length: JOBS }, () => fleet.queues.requests.send(body)));
  }

  /** Distinct bodies by message id; `onProgress` hears how many jobs are answered. */
  async function results(ids: readonly string[], onProgress: (answered: number) => void = () => undefined) {
    const bodies = new Map<string, Set<string>>();
    let repeats = 0;
    let read = 0;
    await collect(fleet.queues.responses, (messages) => {
      for (const { body } of messages.slice(read)) {
        const verdict = validate("response", body);
        if (!verdict.ok) throw new Error(verdict.problems[0].message);
        expect(verdict.value).toMatchObject({ status: "success", rawOutput: { content: "hello\n" } });
        const id = verdict.value.messageId;
        if (bodies.has(id)) repeats++;
        bodies.set(id, (bodies.get(id) ?? new Set()).add(body));
      }
      read = messages.length;
      onProgress(bodies.size);
      return ids.every((id) => bodies.has(id));
    });
    expect([...bodies.keys()].toSorted()).toEqual(ids.toSorted());
    expect([...bodies.values()].every((it) => it.size === 1)).toBe(true);
    return repeats;
  }

  test("each has its one result, tied to its message id, and nothing is left", async () => {
    const agent = await fleet.startAgent({ args: ["--slots", "2"] });
    expect(await results(await send())).toBe(0);
    expect(await agent.end("SIGTERM")).toBe(0);
    expect(await fleet.queues.requests.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    expect(await fleet.queues.responses.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  }, 180_000);

  test("the same when the agent is killed in the middle and started again", async () => {
    const args = ["--slots", "2", "--visibility-timeout-s", "5"];
    const doomed = await fleet.startAgent({ args });
    const ids = await send();
    const restarted = Promise.withResolvers<Awaited<ReturnType<Fleet["startAgent"]>>>();
    let killed = false;
    const repeats = await results(ids, (answered) => {
      if (killed || answered < JOBS / 4) return;
      killed = true;
      restarted.resolve(doomed.end("SIGKILL").then(() => fleet.startAgent({ args })));
    });
    expect(killed).toBe(true);
    const agent = await restarted.promise;
    // What the dead agent held without need of a new result: delivered, but not yet deleted.
    await expect
      .poll(() => fleet.queues.requests.counts(), { timeout: 15_000, interval: 200 })
      .toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    expect(await agent.end("SIGTERM")).toBe(0);
    // Those, and only those, may come again, byte for byte: at most what two slots had in hand.
    const { visible } = await fleet.queues.responses.counts();
    expect(repeats + visible).toBeLessThanOrEqual(8);
  }, 180_000);
});
