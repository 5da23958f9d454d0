import type { ObjectStep } from "./object-model.ts";
import { etagOf } from "./object-model.ts";
import type { QueueStep, Which } from "./queue-model.ts";
import type { Choices } from "./random.ts";

/** A handle that a receive was given. */
export interface Held {
  from: Which;
  body: string;
  receipt: number;
  handle: string;
}

const groups = ["a", "b", "c"];
const dedupIds = Array.from({ length: 12 }, (_, n) => `id-${n}`);
const attempts = [undefined, undefined, "try-1", "try-2"];

/** A random step on a queue; handles are mostly recent ones, and sometimes old ones. */
export function queueStep(
  choices: Choices,
  fifo: boolean,
  held: readonly Held[],
  newBody: () => string,
): QueueStep {
  const from: Which = choices.chance(0.2) ? "dead" : "source";
  const kind = choices.below(20);
  if (kind < 6) return { do: "send", entries: newEntries(choices, newBody) };
  if (kind < 12) return receiveStep(choices, from, fifo);
  if (kind < 18 && held.length > 0) {
    const one = choices.one(choices.chance(0.7) ? held.slice(-6) : held);
    const { body, receipt } = one;
    if (kind < 15) return { do: "delete", from: one.from, body, receipt };
    const visibilityS = choices.one([0, 0, 5, 60, 43_200]);
    return { do: "hide", from: one.from, body, receipt, visibilityS };
  }
  if (kind === 18 && choices.chance(0.3)) return { do: "purge", from };
  return { do: "count", from };
}

function newEntries(choices: Choices, newBody: () => string) {
  return Array.from({ length: choices.chance(0.3) ? 1 + choices.below(10) : 1 }, () => ({
    body: newBody(),
    delayS: choices.one([0, 0, 0, 5, 60]),
    group: choices.one(groups),
    dedupId: choices.one(dedupIds),
  }));
}

function receiveStep(choices: Choices, from: Which, fifo: boolean): QueueStep {
  return {
    do: "receive",
    from,
    max: choices.one([1, 1, 2, 3, 10]),
    visibilityS: choices.one([0, 2, 30, 30, 300]),
    attempt: fifo ? choices.one(attempts) : undefined,
  };
}

/** Keys that sort, nest and look in every awkward way. */
const keys = [
  "a",
  "a/b",
  "a/c",
  "a/b/c",
  "a-",
  "A",
  "ä",
  "z/../y",
  "%2e",
  "b c",
  "~",
  "a//",
  "é",
  "e\u0301",
  "😀",
];

/** A random step on a bucket. */
export function objectStep(
  choices: Choices,
  stored: readonly (readonly [key: string, body: string])[],
  newBody: () => string,
): ObjectStep {
  const key = choices.one(keys);
  const kind = choices.below(12);
  if (kind < 5) {
    // Now and then larger than what lies in the database.
    const body = newBody().repeat(choices.chance(0.1) ? 20_000 : 1);
    const [, known = ""] = stored.find(([one]) => one === key) ?? [];
    const etag = etagOf(choices.chance(0.7) ? known : "another");
    return { do: "put", key, body, condition: choices.one(["none", "absent", { etag }] as const) };
  }
  if (kind < 7) return { do: "get", key };
  if (kind < 9) return { do: "remove", key };
  if (kind === 9) return { do: "remove many", keys: [key, choices.one(keys), choices.one(keys)] };
  return {
    do: "list",
    prefix: choices.one(["", "", "a", "a/", "none"]),
    delimiter: choices.one(["", "/"]),
    pageSize: choices.one([1, 2, 1000]),
  };
}
