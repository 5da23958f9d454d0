import { isDeepStrictEqual } from "node:util";
import type { CloudProcess } from "./cloud-process.ts";
import { applyToObjects, type Objects, type ObjectStep } from "./object-model.ts";
import { performOnObjects } from "./object-wire.ts";
import {
  applyToQueues,
  newPair,
  type Expected,
  type Pair,
  type QueueStep,
  type Seen,
  type Which,
} from "./queue-model.ts";
import { performOnQueues, type Observed } from "./queue-wire.ts";
import type { Choices } from "./random.ts";
import { objectStep, queueStep, type Held } from "./steps.ts";
import { ask, Contradiction, sqs } from "./wire.ts";

type QueueName = "standard" | "fifo";
type Step = { on: QueueName; step: QueueStep } | { on: "objects"; step: ObjectStep };

/** One way things may be. There are several after a kill -9 cut a request off: it was carried out, or it was not. */
interface Candidate {
  standard: Pair;
  fifo: Pair;
  objects: Objects;
}

/** Each way things may be, once: most doubts end with the next answer. */
function different(candidates: readonly Candidate[]): Candidate[] {
  if (candidates.length === 1) return [...candidates];
  return [...new Map(candidates.map((it) => [JSON.stringify(it), it])).values()];
}

/** What both sides know of a received message. */
const seenOf = ({ body, receives, sentMs, firstMs, movedFromSource, group }: Seen): Seen => ({
  body,
  receives,
  sentMs,
  firstMs,
  movedFromSource,
  group,
});

/** The queues and the bucket of one seed, and everything they may look like. */
export class World {
  readonly seed: number;
  steps = 0;
  /** Steps that a kill cut off. */
  cutOff = 0;
  readonly #choices: Choices;
  #candidates: Candidate[] = [{ standard: newPair(false), fifo: newPair(true), objects: {} }];
  #bodies = 0;
  readonly #held: Record<QueueName, Held[]> = { standard: [], fifo: [] };
  readonly #ids = new Map<string, string>();
  readonly #log: string[] = [];

  constructor(seed: number, choices: Choices) {
    this.seed = seed;
    this.#choices = choices;
  }

  async create(cloud: CloudProcess): Promise<void> {
    for (const [name, end] of [
      ["standard", ""],
      ["fifo", ".fifo"],
    ] as const) {
      const kind: Record<string, string> = name === "fifo" ? { FifoQueue: "true" } : {};
      const create = (which: Which, Attributes: Record<string, string>) =>
        sqs(cloud, "CreateQueue", {
          QueueName: this.#queue(which, end),
          Attributes: { ...kind, ...Attributes },
        });
      await create("dead", { MessageRetentionPeriod: "1200" });
      const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:${this.#queue("dead", end)}`;
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 3 });
      const made = await create("source", { MessageRetentionPeriod: "600", RedrivePolicy });
      if (made.status !== 200) throw new Contradiction(made.body);
    }
    await ask(cloud, { method: "PUT", target: `/world-${this.seed}` });
  }

  /** One random step. When the cloud dies under it, both outcomes stay possible from then on. */
  async takeStep(cloud: CloudProcess): Promise<void> {
    const chosen = this.#choose();
    this.steps++;
    await this.#carryOut(cloud, chosen);
  }

  /** Looks at everything that can be looked at without changing it. */
  async checkAll(cloud: CloudProcess): Promise<void> {
    for (const on of ["standard", "fifo"] as const) {
      for (const from of ["source", "dead"] as const) {
        await this.#carryOut(cloud, { on, step: { do: "count", from } });
      }
    }
    const keys = this.#candidates.flatMap((it) => Object.keys(it.objects));
    for (const key of new Set(keys)) await this.#carryOut(cloud, { on: "objects", step: { do: "get", key } });
    const step = { do: "list", prefix: "", delimiter: "", pageSize: 1000 } as const;
    await this.#carryOut(cloud, { on: "objects", step });
  }

  #queue(which: Which, end: string): string {
    return `${which}-${this.seed}${end}`;
  }

  #choose(): Step {
    const on = this.#choices.one(["standard", "fifo", "fifo", "objects"] as const);
    if (on === "objects") {
      const stored = Object.entries(this.#candidates[0]?.objects ?? {});
      return { on, step: objectStep(this.#choices, stored, () => `${this.seed}:${this.#bodies++}`) };
    }
    return {
      on,
      step: queueStep(this.#choices, on === "fifo", this.#held[on], () => `${this.seed}:${this.#bodies++}`),
    };
  }

  async #carryOut(cloud: CloudProcess, chosen: Step): Promise<void> {
    this.#log.push(`${new Date(cloud.now).toISOString()} ${JSON.stringify(chosen)}`);
    let observed: unknown;
    try {
      observed =
        chosen.on === "objects"
          ? await performOnObjects(cloud, `world-${this.seed}`, chosen.step)
          : await this.#performOnQueues(cloud, chosen.on, chosen.step);
    } catch (error) {
      if (error instanceof Contradiction || !cloud.dying) throw this.#difference(error, chosen);
      this.cutOff++;
      this.#log.push("  cut off");
      const after = this.#candidates.map((it) => this.#next(it, chosen, cloud.now)[0]);
      this.#candidates = different([...this.#candidates, ...after]);
      return;
    }
    this.#log.push(`  ${JSON.stringify(observed)}`);
    this.#keepMatching(chosen, observed, cloud.now);
  }

  #performOnQueues(cloud: CloudProcess, on: QueueName, step: QueueStep): Promise<Observed> {
    const end = on === "fifo" ? ".fifo" : "";
    const urls = {
      source: `/000000000000/${this.#queue("source", end)}`,
      dead: `/000000000000/${this.#queue("dead", end)}`,
    };
    return performOnQueues(cloud, urls, step, ({ from, body, receipt }) => {
      const held = this.#held[on].find(
        (it) => it.from === from && it.body === body && it.receipt === receipt,
      );
      return held?.handle ?? "";
    });
  }

  /** A candidate after a step, and what its client should be told. */
  #next(before: Candidate, { on, step }: Step, now: number): [Candidate, unknown] {
    if (on === "objects") {
      const objects = { ...before.objects };
      const expected = applyToObjects(objects, step);
      return [{ ...before, objects }, expected];
    }
    const pair = structuredClone(before[on]);
    const expected = applyToQueues(pair, step, now);
    return [{ ...before, [on]: pair }, expected];
  }

  #keepMatching(chosen: Step, observed: unknown, now: number): void {
    const all = this.#candidates.map((it) => this.#next(it, chosen, now));
    const matching = all.filter(([, expected]) =>
      chosen.on === "objects"
        ? isDeepStrictEqual(expected, observed)
        : this.#agree(expected as Expected, observed as Observed),
    );
    const [first] = matching;
    if (first === undefined) {
      const expected = all.map(([, it]) => JSON.stringify(it)).join("\n  or ");
      throw this.#difference(
        new Contradiction(`expected ${expected}\nwas told ${JSON.stringify(observed)}`),
        chosen,
      );
    }
    this.#candidates = different(matching.map(([after]) => after));
    if (chosen.on !== "objects")
      this.#learn(
        chosen,
        matching.map(([, it]) => it as Expected),
        observed as Observed,
      );
  }

  /** Whether the cloud may have said this. Ids and handles must be those of before, where there was one. */
  #agree(expected: Expected, observed: Observed): boolean {
    if (expected.kind === "sent" && observed.kind === "sent") {
      return (
        expected.bodies.length === observed.ids.length &&
        expected.bodies.every((body, index) => this.#mayBe(body, observed.ids[index] ?? ""))
      );
    }
    if (expected.kind === "received" && observed.kind === "received") {
      const same = isDeepStrictEqual(expected.messages.map(seenOf), observed.messages.map(seenOf));
      return same && observed.messages.every((it) => this.#mayBe(it.body, it.id));
    }
    return isDeepStrictEqual(expected, observed);
  }

  #mayBe(body: string, id: string): boolean {
    const known = this.#ids.get(body);
    return known === undefined ? ![...this.#ids.values()].includes(id) : known === id;
  }

  #learn({ on, step }: Exclude<Step, { on: "objects" }>, expected: Expected[], observed: Observed): void {
    const [first] = expected;
    if (first?.kind === "sent" && observed.kind === "sent") {
      const agreed = expected.every((it) => isDeepStrictEqual(it, first));
      if (agreed)
        for (const [index, body] of first.bodies.entries()) this.#ids.set(body, observed.ids[index] ?? "");
    }
    if (first?.kind !== "received" || observed.kind !== "received" || step.do !== "receive") return;
    for (const [index, { body, id, handle }] of observed.messages.entries()) {
      this.#ids.set(body, id);
      const receipt = first.messages[index]?.receipt ?? 0;
      const same = this.#held[on].find(
        (it) => it.from === step.from && it.body === body && it.receipt === receipt,
      );
      if (same === undefined) this.#held[on].push({ from: step.from, body, receipt, handle });
      else if (same.handle !== handle)
        throw this.#difference(new Contradiction("another handle for the same receive"));
    }
  }

  #difference(cause: unknown, chosen?: Step): Error {
    const log = this.#log.slice(-12).join("\n");
    const at = chosen === undefined ? "" : ` at ${JSON.stringify(chosen)}`;
    return new Error(`seed ${this.seed}, step ${this.steps}${at}: ${String(cause)}\n${log}`, { cause });
  }
}
