import { AwsError } from "../aws-error.ts";
import { disarm } from "./due.ts";
import { liveQueue, rowOf, type LiveQueue } from "./live-queue.ts";
import { attributesInForce, checkAttributes, settingsOf, type AttributeMap } from "./queue-attributes.ts";
import { allowsSource, invalidPolicy, readRedrivePolicy } from "./redrive-policy.ts";
import { arnOf, queueByArn, type SqsState } from "./state.ts";
import { sweepDoomed } from "./sweep.ts";
import type { Tags } from "./tags.ts";

/** How long SQS wants to pass between two purges of a queue, and between its end and a new one of its name. */
const SETTLING_MS = 60_000;

/** Creates a queue, or finds it when it exists with the same attributes. Inside a transaction. */
export function createQueue(
  state: SqsState,
  name: string,
  attributes: AttributeMap,
  tags: Tags = {},
): LiveQueue {
  checkName(name, attributes);
  const fifo = name.endsWith(".fifo");
  checkAttributes(attributes, fifo);
  checkDeadLetters(state, name, attributes);
  const existing = state.queues.get(name);
  if (existing !== undefined) {
    checkSame(existing, attributes);
    return existing;
  }
  const now = state.clock.now();
  if (state.queueTable.deletedSince(name, now - SETTLING_MS)) {
    throw new AwsError(
      "QueueDeletedRecently",
      "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
    );
  }
  const pool = state.queueTable.newPool();
  const row = {
    name,
    pool,
    origin: pool,
    created_ms: now,
    modified_ms: now,
    purged_ms: null,
    attributes: JSON.stringify(attributes),
    tags: JSON.stringify(tags),
  };
  state.queueTable.put(row);
  const queue = liveQueue(row, [0, 0, 0]);
  state.queues.set(name, queue);
  return queue;
}

function checkName(name: string, attributes: AttributeMap): void {
  const fifo = attributes["FifoQueue"] === "true";
  if (fifo && !/^[A-Za-z0-9_-]{1,75}\.fifo$/.test(name)) {
    throw new AwsError(
      "InvalidParameterValue",
      "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.",
    );
  }
  if (!fifo && !/^[A-Za-z0-9_-]{1,80}$/.test(name)) {
    throw new AwsError(
      "InvalidParameterValue",
      "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
    );
  }
}

/** The dead-letter queue that attributes name must exist, be of the same kind, and allow it. */
function checkDeadLetters(state: SqsState, name: string, attributes: AttributeMap): void {
  const text = attributes["RedrivePolicy"] ?? "";
  const policy = readRedrivePolicy(text);
  if (policy === undefined) return;
  const target = queueByArn(state, policy.deadLetterTargetArn);
  if (target === undefined) throw invalidPolicy("RedrivePolicy", text, "Dead letter target does not exist.");
  if (target.fifo !== name.endsWith(".fifo")) {
    throw invalidPolicy("RedrivePolicy", text, "Dead-letter queue must be same type of queue as the source.");
  }
  if (!allowsSource(target.settings.redriveAllow, arnOf(state, name))) {
    throw invalidPolicy(
      "RedrivePolicy",
      text,
      "The dead-letter queue's RedriveAllowPolicy does not allow this queue.",
    );
  }
}

const policies = new Set(["RedrivePolicy", "RedriveAllowPolicy", "Policy"]);

function checkSame(queue: LiveQueue, wanted: AttributeMap): void {
  const current = attributesInForce(queue.attributes, queue.fifo);
  for (const [name, value] of Object.entries(wanted)) {
    const before = current[name] ?? "";
    if (before === value || (policies.has(name) && sameJson(before, value))) continue;
    throw new AwsError(
      "QueueNameExists",
      `A queue already exists with the same name and a different value for attribute ${name}`,
    );
  }
}

/** Both were accepted as policies, so both are JSON or empty. The order of names does not count. */
function sameJson(a: string, b: string): boolean {
  return a !== "" && b !== "" && normal(a) === normal(b);
}

function normal(text: string): string {
  const value: unknown = JSON.parse(text);
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "number") return String(part); // maxReceiveCount may come as text
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).toSorted(([x], [y]) => (x < y ? -1 : 1)));
  });
}

/** Inside a transaction. */
export function setAttributes(state: SqsState, queue: LiveQueue, changes: AttributeMap): void {
  checkAttributes(changes, queue.fifo, queue.attributes);
  checkDeadLetters(state, queue.name, changes);
  const { delayMs } = queue.settings;
  queue.attributes = { ...queue.attributes, ...changes };
  queue.settings = settingsOf(queue.attributes);
  queue.modifiedMs = state.clock.now();
  queue.nextDueMs = 0; // retention may have changed: look again
  // For FIFO queues alone the delay is retroactive (developer guide, "Amazon SQS delay queues").
  if (queue.fifo && queue.settings.delayMs !== delayMs) {
    state.messages.redelay(queue.pool, queue.settings.delayMs);
  }
  state.queueTable.put(rowOf(queue));
  state.touched.add(queue);
}

/** Removes every message at once, whatever their number. Inside a transaction. */
export function purge(state: SqsState, queue: LiveQueue): void {
  const now = state.clock.now();
  if (queue.purgedMs !== null && now - queue.purgedMs < SETTLING_MS) {
    throw new AwsError(
      "PurgeQueueInProgress",
      `Only one PurgeQueue operation on ${queue.name} is allowed every 60 seconds.`,
    );
  }
  state.queueTable.doom(queue.pool);
  queue.pool = state.queueTable.newPool();
  queue.counts = [0, 0, 0];
  queue.nextDueMs = Infinity;
  queue.purgedMs = now;
  state.queueTable.put(rowOf(queue));
  sweepDoomed(state);
}

/** Inside a transaction. Those who wait at the queue are told that it is gone. */
export function deleteQueue(state: SqsState, queue: LiveQueue): void {
  const now = state.clock.now();
  state.queueTable.doom(queue.pool);
  state.queueTable.remove(queue.name, now, now - SETTLING_MS);
  state.queues.delete(queue.name);
  disarm(queue);
  const gone = new AwsError("QueueDoesNotExist", "The specified queue does not exist.");
  for (const waiter of [...queue.waiters, ...queue.immediate]) {
    state.group.settle(() => waiter.fail(gone), waiter.fail);
  }
  sweepDoomed(state);
}
