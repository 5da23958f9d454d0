import { randomUUID } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { BatchResult, Queue, QueueMessage, SendOptions } from "../../cloud/ports/queue.ts";

/** SQS's semantics in memory: visibility timeouts, a new receipt handle each time, delays, long polls, limits. */
export interface MemoryQueue extends Queue {
  /** Everything that was sent and not deleted, in order of sending. */
  readonly messages: readonly HeldMessage[];
}

export interface HeldMessage {
  id: string;
  body: string;
  attributes: Record<string, string>;
  sentAt: number;
  receiveCount: number;
  firstReceivedAt: number | undefined;
  /** By the clock's monotonic time, like the next. */
  visibleAt: number;
  /** When it was last handed out. */
  receivedAt: number;
  /** The last one handed out; only it is good. */
  receiptHandle: string | undefined;
}

/** Where SQS leaves room, and what a test may want to see of it. */
export interface QueueNature {
  /** Message ids and receipt handles. */
  newId: () => string;
  /** Which of the visible messages a receive gets, in which order: any, or none, as on SQS. */
  pick: (visible: readonly HeldMessage[], max: number) => readonly HeldMessage[];
  /** Called with each message that is handed out: true leaves it visible, so that it is handed out once more. */
  twice: (message: HeldMessage) => boolean;
  /** Milliseconds by which a message becomes visible later than it should. */
  lateMs: () => number;
  /** What a handle that is not the last one does: it is refused, it is good, or it changes nothing and is told OK. */
  oldHandles: "refused" | "ignored" | "good";
  onSent: (message: HeldMessage) => void;
  onDeleted: (message: HeldMessage) => void;
  onReceived: (message: HeldMessage) => void;
}

const TAME: QueueNature = {
  newId: randomUUID,
  pick: (visible, max) => visible.slice(0, max),
  twice: () => false,
  lateMs: () => 0,
  oldHandles: "refused",
  onSent: () => undefined,
  onDeleted: () => undefined,
  onReceived: () => undefined,
};

/** SQS: body and attributes together, names and types included. */
const MOST_BYTES = 1024 * 1024;
/** SQS: #x9 | #xA | #xD | #x20-#xD7FF | #xE000-#xFFFD | #x10000-#x10FFFF, in bodies and in attributes. */
const LEGAL = /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]*$/u;
const MOST_DELAY_S = 900;
const MOST_VISIBILITY_S = 43_200;
const MOST_A_BATCH = 10;

export function createMemoryQueue(
  clock: Clock,
  name = "memory",
  given: Partial<QueueNature> = {},
): MemoryQueue {
  const nature: QueueNature = { ...TAME, ...given };
  const messages: HeldMessage[] = [];
  const handles = new Map<string, HeldMessage>();
  let arrivals: (() => void)[] = [];
  const wake = () => {
    const waiting = arrivals;
    arrivals = [];
    for (const resolve of waiting) resolve();
  };
  const take = (max: number, visibilityTimeoutS: number): QueueMessage[] => {
    const now = clock.monotonic();
    const visible = messages.filter((it) => it.visibleAt <= now);
    if (visible.length === 0) return [];
    return nature.pick(visible, max).map((it) => {
      nature.onReceived(it);
      if (!nature.twice(it)) it.visibleAt = now + visibilityTimeoutS * 1000 + nature.lateMs();
      it.receiveCount++;
      it.firstReceivedAt ??= clock.now();
      it.receivedAt = now;
      const receiptHandle = nature.newId();
      it.receiptHandle = receiptHandle;
      handles.set(receiptHandle, it);
      const { id, body, attributes, sentAt, receiveCount, firstReceivedAt } = it;
      return {
        id,
        body,
        attributes: { ...attributes },
        sentAt,
        receiveCount,
        firstReceivedAt,
        receiptHandle,
      };
    });
  };
  const batch = (
    asked: readonly string[],
    change: (it: HeldMessage, i: number) => string | undefined,
    whenOld = nature.oldHandles,
  ) => {
    if (asked.length === 0 || asked.length > MOST_A_BATCH) throw new Error("A batch has 1 to 10 entries.");
    return asked.map((receiptHandle, i): BatchResult => {
      const held = handles.get(receiptHandle);
      const isOld = held?.receiptHandle !== receiptHandle;
      if (held !== undefined && isOld && whenOld === "ignored") return { receiptHandle };
      const isGood = held !== undefined && (!isOld || whenOld === "good") && messages.includes(held);
      const code = isGood ? change(held, i) : "ReceiptHandleIsInvalid";
      if (code === undefined) return { receiptHandle };
      return { receiptHandle, error: { code, message: code, gone: code !== "Throttled" } };
    });
  };
  return {
    name,
    url: `https://sqs.local/000000000000/${name}`,
    messages,
    receive: async ({ max, waitS, visibilityTimeoutS, signal }) => {
      const until = clock.monotonic() + waitS * 1000;
      for (;;) {
        await Promise.resolve();
        if (signal?.aborted) return [];
        const taken = take(max, visibilityTimeoutS);
        const now = clock.monotonic();
        if (taken.length > 0 || now >= until) return taken;
        // What is visible and was not handed out is worth another look in a second.
        const nextMs = Math.min(
          until - now,
          ...messages.map((it) => Math.ceil(Math.max(it.visibleAt - now, 0)) || 1000),
        );
        await new Promise<void>((resolve) => {
          const stop = () => {
            cancel();
            signal?.removeEventListener("abort", stop);
            resolve();
          };
          const cancel = clock.after(nextMs, stop);
          arrivals.push(stop);
          signal?.addEventListener("abort", stop, { once: true });
        });
      }
    },
    send: async (body, options = {}) => {
      await Promise.resolve();
      checkLimits(body, options);
      const { attributes = {}, delayS = 0 } = options;
      const visibleAt = clock.monotonic() + delayS * 1000;
      const id = nature.newId();
      const message: HeldMessage = {
        id,
        body,
        attributes,
        sentAt: clock.now(),
        receiveCount: 0,
        firstReceivedAt: undefined,
        visibleAt,
        receivedAt: 0,
        receiptHandle: undefined,
      };
      messages.push(message);
      nature.onSent(message);
      wake();
      return id;
    },
    delete: async (asked) => {
      await Promise.resolve();
      const remove = (it: HeldMessage) => {
        messages.splice(messages.indexOf(it), 1);
        nature.onDeleted(it);
        return undefined;
      };
      return batch(asked, remove, nature.oldHandles === "good" ? "good" : "refused");
    },
    changeVisibility: async (entries) => {
      await Promise.resolve();
      const now = clock.monotonic();
      const results = batch(
        entries.map((it) => it.receiptHandle),
        (it, i) => {
          const seconds = entries[i]?.visibilityTimeoutS ?? 0;
          // SQS: twelve hours in all, from the receipt on.
          if (now + seconds * 1000 > it.receivedAt + MOST_VISIBILITY_S * 1000) return "InvalidParameterValue";
          if (it.visibleAt <= now) return nature.oldHandles === "ignored" ? undefined : "MessageNotInflight";
          it.visibleAt = now + seconds * 1000;
          return undefined;
        },
      );
      wake();
      return results;
    },
    retentionS: () => Promise.resolve(7 * 86_400),
    counts: async () => {
      const now = clock.monotonic();
      const hidden = messages.filter((it) => it.visibleAt > now);
      const delayed = hidden.filter((it) => it.receiveCount === 0).length;
      return { visible: messages.length - hidden.length, inFlight: hidden.length - delayed, delayed };
    },
  };
}

function checkLimits(body: string, { attributes = {}, delayS = 0 }: SendOptions): void {
  const pairs = Object.entries(attributes);
  const extra = pairs.map(([name, value]) => `${name}String${value}`).join("");
  if (Buffer.byteLength(body) + Buffer.byteLength(extra) > MOST_BYTES)
    throw sqsError("InvalidParameterValue");
  if (body === "" || pairs.some(([, value]) => value === "")) throw sqsError("InvalidParameterValue");
  if (pairs.length > 10 || delayS > MOST_DELAY_S || delayS < 0) throw sqsError("InvalidParameterValue");
  if (![body, ...Object.values(attributes)].every((it) => LEGAL.test(it)))
    throw sqsError("InvalidMessageContents");
}

function sqsError(name: string): Error {
  return Object.assign(new Error(`${name}: SQS would refuse this message.`), { name });
}
