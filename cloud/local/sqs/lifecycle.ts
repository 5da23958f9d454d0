import { AwsError } from "../aws-error.ts";
import { disarm } from "./due.ts";
import { liveQueue, rowOf, type LiveQueue } from "./live-queue.ts";
import { attributesInForce, checkAttributes, settingsOf, type AttributeMap } from "./queue-attributes.ts";
import { queueByArn, type SqsState } from "./state.ts";
import { sweepDoomed } from "./sweep.ts";

/** Creates a queue, or finds it when it exists with the same attributes. Inside a transaction. */
export function createQueue(state: SqsState, name: string, attributes: AttributeMap): LiveQueue {
  if (!/^[A-Za-z0-9_-]{1,80}$/.test(name)) {
    throw new AwsError(
      "InvalidParameterValue",
      "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
    );
  }
  checkAll(state, attributes);
  const existing = state.queues.get(name);
  if (existing !== undefined) {
    checkSame(existing, attributes);
    return existing;
  }
  const now = state.clock.now();
  const row = {
    name,
    pool: state.queueTable.newPool(),
    created_ms: now,
    modified_ms: now,
    attributes: JSON.stringify(attributes),
  };
  state.queueTable.put(row);
  const queue = liveQueue(row, [0, 0, 0]);
  state.queues.set(name, queue);
  return queue;
}

function checkAll(state: SqsState, attributes: AttributeMap): void {
  checkAttributes(attributes);
  const policy = settingsOf(attributes).redrive;
  if (policy === undefined || queueByArn(state, policy.deadLetterTargetArn) !== undefined) return;
  throw new AwsError(
    "InvalidParameterValue",
    `Value ${attributes["RedrivePolicy"]} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.`,
  );
}

function checkSame(queue: LiveQueue, wanted: AttributeMap): void {
  const current = attributesInForce(queue.attributes);
  for (const [name, value] of Object.entries(wanted)) {
    if (name === "RedrivePolicy" ? sameJson(current[name], value) : current[name] === value) continue;
    throw new AwsError(
      "QueueNameExists",
      `A queue already exists with the same name and a different value for attribute ${name}`,
    );
  }
}

/** Both were accepted as redrive policies, so both are JSON. */
function sameJson(a: string | undefined, b: string): boolean {
  return a === undefined ? b === "" : b !== "" && normalPolicy(a) === normalPolicy(b);
}

function normalPolicy(text: string): string {
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(text) as Record<string, unknown>;
  return `${String(maxReceiveCount)} ${String(deadLetterTargetArn)}`;
}

/** Inside a transaction. */
export function setAttributes(state: SqsState, queue: LiveQueue, changes: AttributeMap): void {
  checkAll(state, changes);
  queue.attributes = { ...queue.attributes, ...changes };
  queue.settings = settingsOf(queue.attributes);
  queue.modifiedMs = state.clock.now();
  queue.nextDueMs = 0; // retention may have changed: look again
  state.queueTable.put(rowOf(queue));
  state.touched.add(queue);
}

/** Removes every message at once, whatever their number. Inside a transaction. */
export function purge(state: SqsState, queue: LiveQueue): void {
  state.queueTable.doom(queue.pool);
  queue.pool = state.queueTable.newPool();
  queue.counts = [0, 0, 0];
  queue.nextDueMs = Infinity;
  state.queueTable.put(rowOf(queue));
  sweepDoomed(state);
}

/** Inside a transaction. Those who wait at the queue are told that it is gone. */
export function deleteQueue(state: SqsState, queue: LiveQueue): void {
  state.queueTable.doom(queue.pool);
  state.queueTable.remove(queue.name);
  state.queues.delete(queue.name);
  disarm(queue);
  const gone = new AwsError("QueueDoesNotExist", "The specified queue does not exist.");
  for (const waiter of [...queue.waiters, ...queue.immediate]) {
    state.group.settle(() => waiter.fail(gone), waiter.fail);
  }
  sweepDoomed(state);
}
