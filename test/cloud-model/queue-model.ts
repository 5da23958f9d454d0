/**
 * What a queue and its dead-letter queue are supposed to do, in the plainest words we have: lists that are searched
 * from the front. It shares no code with the cloud. All of it is data, so that it can be copied.
 */
export interface Message {
  /** Unique in its world: by it everybody knows the message. */
  body: string;
  group: string;
  /** Rises with every arrival in a queue. */
  order: number;
  state: "visible" | "in flight" | "delayed";
  /** When the state ends; of a visible message, since when it is so. */
  dueMs: number;
  sentMs: number;
  receives: number;
  receipt: number;
  receivedMs: number;
  firstMs: number | undefined;
  movedFromSource: boolean;
}

export interface Queue {
  messages: Message[];
  retentionMs: number;
  purgedMs: number | undefined;
  /** Deduplication id → until when, and which message it was. */
  remembered: Record<string, { untilMs: number; body: string }>;
  /** ReceiveRequestAttemptId → what was given. */
  attempts: Record<string, { untilMs: number; given: { body: string; receipt: number; dueMs: number }[] }>;
}

export interface Pair {
  fifo: boolean;
  maxReceives: number;
  arrivals: number;
  source: Queue;
  dead: Queue;
}

export type Which = "source" | "dead";

export type QueueStep =
  | { do: "send"; entries: { body: string; delayS: number; group: string; dedupId: string }[] }
  | { do: "receive"; from: Which; max: number; visibilityS: number; attempt: string | undefined }
  | { do: "delete"; from: Which; body: string; receipt: number }
  | { do: "hide"; from: Which; body: string; receipt: number; visibilityS: number }
  | { do: "purge"; from: Which }
  | { do: "count"; from: Which };

/** A message as its receiver sees it. */
export interface Seen {
  body: string;
  receives: number;
  sentMs: number;
  firstMs: number;
  movedFromSource: boolean;
  group: string | undefined;
}

/** What a client should be told. */
export type Expected =
  | { kind: "done" }
  | { kind: "refused"; code: string }
  | { kind: "sent"; bodies: string[] }
  | { kind: "received"; messages: (Seen & { receipt: number })[] }
  | { kind: "counted"; counts: number[] };

const FIVE_MINUTES_MS = 300_000;
const MINUTE_MS = 60_000;
const MAX_HIDDEN_MS = 12 * 3_600_000;

const emptyQueue = (retentionMs: number): Queue => ({
  messages: [],
  retentionMs,
  purgedMs: undefined,
  remembered: {},
  attempts: {},
});

export const newPair = (fifo: boolean): Pair => ({
  fifo,
  maxReceives: 3,
  arrivals: 0,
  source: emptyQueue(600_000),
  dead: emptyQueue(1_200_000),
});

/** Carries a step out on the model; answers what a client should be told. */
export function applyToQueues(pair: Pair, step: QueueStep, now: number): Expected {
  for (const queue of [pair.source, pair.dead]) passTime(queue, now);
  switch (step.do) {
    case "send":
      return { kind: "sent", bodies: step.entries.map((entry) => send(pair, entry, now)) };
    case "receive":
      return receive(pair, step, now);
    case "delete":
      return remove(pair, step);
    case "hide":
      return hide(pair, step, now);
    case "purge":
      return purge(pair[step.from], now);
    case "count":
      return { kind: "counted", counts: countsOf(pair[step.from]) };
  }
}

const done: Expected = { kind: "done" };
const refused = (code: string): Expected => ({ kind: "refused", code });

const countsOf = ({ messages }: Queue) =>
  (["visible", "in flight", "delayed"] as const).map(
    (state) => messages.filter((it) => it.state === state).length,
  );

function passTime(queue: Queue, now: number): void {
  queue.messages = queue.messages.filter((it) => it.sentMs + queue.retentionMs > now);
  for (const message of queue.messages) {
    if (message.state !== "visible" && message.dueMs <= now) message.state = "visible";
  }
}

/** Answers which message it is: this one, or one of before that it repeats. */
function send(
  pair: Pair,
  entry: { body: string; delayS: number; group: string; dedupId: string },
  now: number,
): string {
  const known = pair.fifo ? pair.source.remembered[entry.dedupId] : undefined;
  if (known !== undefined && known.untilMs > now) return known.body;
  const delayMs = pair.fifo ? 0 : entry.delayS * 1000; // a FIFO queue has one delay for all, here none
  pair.source.messages.push({
    body: entry.body,
    group: entry.group,
    order: pair.arrivals++,
    state: delayMs > 0 ? "delayed" : "visible",
    dueMs: now + delayMs,
    sentMs: now,
    receives: 0,
    receipt: 0,
    receivedMs: 0,
    firstMs: undefined,
    movedFromSource: false,
  });
  if (pair.fifo) pair.source.remembered[entry.dedupId] = { untilMs: now + FIVE_MINUTES_MS, body: entry.body };
  return entry.body;
}

function receive(pair: Pair, step: Extract<QueueStep, { do: "receive" }>, now: number): Expected {
  const queue = pair[step.from];
  const again = step.attempt === undefined ? undefined : repeat(queue, step.attempt, step.visibilityS, now);
  const taken = again ?? takeUpTo(pair, step, now);
  if (step.attempt !== undefined && taken.length > 0) {
    const given = taken.map(({ body, receipt, dueMs }) => ({ body, receipt, dueMs }));
    queue.attempts[step.attempt] = { untilMs: now + FIVE_MINUTES_MS, given };
  }
  const messages = taken.map(({ body, receipt, receives, sentMs, firstMs, movedFromSource, group }) => ({
    body,
    receipt,
    receives,
    sentMs,
    firstMs: firstMs ?? 0,
    movedFromSource,
    group: pair.fifo ? group : undefined,
  }));
  return { kind: "received", messages };
}

function repeat(queue: Queue, attempt: string, visibilityS: number, now: number): Message[] | undefined {
  const before = queue.attempts[attempt];
  if (before === undefined || before.untilMs <= now) return undefined;
  const found = before.given.map(({ body, receipt, dueMs }) =>
    queue.messages.find(
      (it) => it.body === body && it.state === "in flight" && it.receipt === receipt && it.dueMs === dueMs,
    ),
  );
  if (found.includes(undefined)) return undefined;
  const messages = found.filter((it) => it !== undefined);
  for (const message of messages) message.dueMs = now + visibilityS * 1000;
  return messages;
}

function takeUpTo(pair: Pair, step: Extract<QueueStep, { do: "receive" }>, now: number): Message[] {
  const queue = pair[step.from];
  const taken: Message[] = [];
  // Groups that this very receive has taken from: they are blocked, for it as for everybody.
  const used = new Set<string>();
  for (;;) {
    const next = nextOf(queue, pair.fifo, used).slice(0, step.max - taken.length);
    if (next.length === 0) return taken;
    for (const message of next) {
      if (step.from === "source" && message.receives >= pair.maxReceives) {
        moveToDead(pair, message, now);
        continue;
      }
      used.add(message.group);
      message.state = "in flight";
      message.dueMs = now + step.visibilityS * 1000;
      message.receives++;
      message.receipt++;
      message.receivedMs = now;
      message.firstMs ??= now;
      taken.push(message);
    }
  }
}

/** What comes next: what has been visible for longest or, in a FIFO queue, the group whose turn it is, in order. */
function nextOf(queue: Queue, fifo: boolean, used: ReadonlySet<string>): Message[] {
  const visible = queue.messages.filter((it) => it.state === "visible");
  if (!fifo) return visible.toSorted((a, b) => a.dueMs - b.dueMs || a.order - b.order);
  const blocked = new Set(queue.messages.filter((it) => it.state === "in flight").map((it) => it.group));
  const free = visible
    .filter((it) => !blocked.has(it.group) && !used.has(it.group))
    .toSorted((a, b) => a.order - b.order);
  return free.filter((it) => it.group === free[0]?.group);
}

function moveToDead(pair: Pair, message: Message, now: number): void {
  pair.source.messages = pair.source.messages.filter((it) => it !== message);
  message.movedFromSource = true;
  message.dueMs = now;
  if (pair.fifo) {
    message.sentMs = now;
    message.receipt = 0;
    message.order = pair.arrivals++;
  }
  pair.dead.messages.push(message);
}

function remove(pair: Pair, step: Extract<QueueStep, { do: "delete" }>): Expected {
  const queue = pair[step.from];
  const message = queue.messages.find((it) => it.body === step.body);
  if (message === undefined) return done;
  const newest = message.receipt === step.receipt;
  if (pair.fifo && !(newest && message.state === "in flight")) return refused("InvalidParameterValue");
  if (newest) queue.messages = queue.messages.filter((it) => it !== message);
  return done;
}

function hide(pair: Pair, step: Extract<QueueStep, { do: "hide" }>, now: number): Expected {
  const message = pair[step.from].messages.find((it) => it.body === step.body);
  if (message === undefined || message.receipt !== step.receipt) return refused("InvalidParameterValue");
  if (message.state !== "in flight") {
    return refused(pair.fifo ? "InvalidParameterValue" : "AWS.SimpleQueueService.MessageNotInflight");
  }
  if (now - message.receivedMs + step.visibilityS * 1000 > MAX_HIDDEN_MS) {
    return refused("InvalidParameterValue");
  }
  message.dueMs = now + step.visibilityS * 1000;
  if (step.visibilityS === 0) message.state = "visible";
  return done;
}

function purge(queue: Queue, now: number): Expected {
  if (queue.purgedMs !== undefined && now - queue.purgedMs < MINUTE_MS) {
    return refused("AWS.SimpleQueueService.PurgeQueueInProgress");
  }
  queue.purgedMs = now;
  queue.messages = [];
  return done;
}
