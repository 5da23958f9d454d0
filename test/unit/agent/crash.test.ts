import { describe, expect, test } from "vitest";
import type { JobRequest } from "../../../schemas/request.ts";
import {
  createWorld,
  fetchingRequest,
  requestOf,
  type World,
  type WorldOptions,
} from "../../support/agent-world.ts";
import { manifestOf } from "../../support/manifest.ts";
import { createLife, type Fault, type FaultKind, type Life } from "../../support/mortal.ts";

/**
 * Every outside call of an agent in turn meets every kind of fault; then the world goes on until nothing is due, with a
 * second agent where the first one died. Whatever happened: one result, delivered or parked, nothing lost.
 */
const KINDS: readonly FaultKind[] = ["dies-before", "dies-after", "fails", "answer-lost"];

interface Scenario {
  name: string;
  world: () => World;
  submit: (world: World) => Promise<string>;
  /** What must be true at the end. */
  end: "delivered" | "queued" | "parked" | "stored";
}

const scenario = (
  name: string,
  end: Scenario["end"],
  options: WorldOptions = {},
  job: JobRequest | string = requestOf(),
): Scenario => ({
  name,
  end,
  world: () => createWorld(options),
  submit: (world) => world.submit(job),
});

const failing = { program: () => ({ takesMs: 100, code: 3, stderr: "no such lens" }) };

const SCENARIOS: readonly Scenario[] = [
  scenario("success", "delivered"),
  scenario("success with an input", "delivered", {}, fetchingRequest()),
  scenario("success to the response queue", "queued", {}, requestOf({ output: { type: "queue" } })),
  scenario("success for a client that polls", "stored", {}, requestOf({ output: { type: "store" } })),
  scenario("callback down at first", "delivered", { callback: (n) => ({ status: n < 2 ? 500 : 200 }) }),
  scenario("callback that asks for time", "delivered", {
    callback: (n) => (n === 0 ? { status: 503, headers: { "retry-after": "600" } } : {}),
  }),
  scenario("callback that refuses", "parked", { callback: () => ({ status: 403 }) }),
  scenario("program that fails", "parked", { ...failing, services: [manifestOf({ retries: 1 })] }),
  scenario("unknown service", "delivered", {}, requestOf({ service: "unknown" })),
  scenario("not XML", "parked", {}, "no XML at all"),
];

/** Long polls and heartbeats come in any number; only what a job costs is enumerated. */
const counted = (call: string) => !call.endsWith(".receive");

async function live({ world: create, submit }: Scenario, faults: readonly (Fault | undefined)[]) {
  const world = create();
  const id = await submit(world);
  const lives: Life[] = [];
  /** Successful callbacks that may be repeated: whoever knew of them is gone, or never heard. */
  let unknown = 0;
  const succeeded = () => world.callbacks.answers.filter((it) => it < 300).length;
  for (const fault of faults) {
    const before = succeeded();
    const life = createLife(fault, counted);
    lives.push(life);
    const agent = world.start(life, String.fromCharCode(97 + lives.length));
    await world.clock.until(() => life.dead || world.idle(), 6 * 3_600_000);
    const lostAnswer = fault?.kind === "answer-lost" && life.calls[fault.at - 1] === "http.request";
    if (life.dead || lostAnswer) unknown += Math.min(1, succeeded() - before);
    if (!life.dead) await world.drain(agent);
    if (!life.dead || world.idle()) break;
  }
  return { world, id, lives, repeats: succeeded() - 1 - unknown };
}

function check({ end }: Scenario, { world, id, lives, repeats }: Awaited<ReturnType<typeof live>>): void {
  const results = [...world.objects.stored.keys()].filter((key) => key.endsWith("/result"));
  expect(results).toEqual([`jobs/${id}/g0/result`]);
  const body = world.objects.stored.get(`jobs/${id}/g0/result`)?.body.toString();
  const sent = [
    ...world.callbacks.requests.map((it) => Buffer.from(it.body ?? "").toString()),
    ...world.queues.responses.messages.map((it) => it.body),
  ];
  expect(new Set(sent).size).toBeLessThanOrEqual(1);
  for (const it of sent) expect(it).toBe(body);
  expect(world.callbacks.overlaps).toBe(0);
  expect(repeats, "repeats of a callback known to have succeeded").toBeLessThanOrEqual(0);
  const known = { delivered: "callbacks", queued: "responses", parked: "dead", stored: "objects" }[end];
  if (known === "callbacks") expect(world.callbacks.requests.length).toBeGreaterThan(0);
  if (known === "responses") expect(world.queues.responses.messages.length).toBeGreaterThan(0);
  if (known === "dead") expect(world.queues.dead.messages.length).toBeGreaterThan(0);
  else expect(world.queues.dead.messages).toEqual([]);
  expect(world.queues.requests.messages).toEqual([]);
  expect(world.queues.deliveries.messages).toEqual([]);
  for (const life of lives) if (!life.dead) expect(life.calls.length).toBeGreaterThan(0);
}

async function callsOf(it: Scenario): Promise<readonly string[]> {
  const quiet = await live(it, [undefined]);
  check(it, quiet);
  return quiet.lives[0]?.calls ?? [];
}

describe.each(SCENARIOS)("$name", (it) => {
  test.each(KINDS)("survives an agent that %s at each call in turn", async (kind) => {
    const calls = await callsOf(it);
    for (const [i, call] of calls.entries()) {
      const after = await live(it, [{ kind, at: i + 1 }, undefined]);
      expect(after.lives[0]?.fired, `${kind} at ${call} (${i + 1}) never fired`).toBe(true);
      try {
        check(it, after);
      } catch (cause) {
        throw new Error(`${kind} at ${call} (call ${i + 1}): ${String(cause)}`, { cause });
      }
    }
  });
});

describe("what the client sees", () => {
  const [success] = SCENARIOS;

  test("two agents dying one after the other lose nothing either", async () => {
    if (success === undefined) throw new Error("There is a first scenario.");
    const calls = await callsOf(success);
    for (let first = 1; first <= calls.length; first++) {
      for (let second = 1; second <= calls.length + 2; second++) {
        const kind = (first + second) % 2 === 0 ? "dies-before" : "dies-after";
        check(success, await live(success, [{ kind, at: first }, { kind, at: second }, undefined]));
      }
    }
  });
});
