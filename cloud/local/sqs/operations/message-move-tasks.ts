import { AwsError } from "../../aws-error.ts";
import { settle } from "../due.ts";
import { VISIBLE } from "../message-table.ts";
import { carryOn, isDeadLetterQueue, requireQueue } from "../move-tasks.ts";
import type { Operation } from "../operation.ts";
import type { SqsState } from "../state.ts";
import type { TaskRow } from "../task-table.ts";

/** How many tasks of a queue can be listed, and so are kept. */
const MAX_LISTED = 10;
const MAX_PER_SECOND = 500;

export const startMessageMoveTask: Operation = async (state, input) => {
  const source = input.text("SourceArn");
  const destination = input.optionalText("DestinationArn") ?? null;
  const rate = input.optionalInteger("MaxNumberOfMessagesPerSecond", { min: 1, max: MAX_PER_SECOND }) ?? null;
  const task = await state.group.run(() => {
    check(state, source, destination);
    const queue = requireQueue(state, "SourceArn", source);
    const started_ms = state.clock.now();
    settle(state, queue, started_ms);
    state.touched.add(queue);
    const to_move = queue.counts[VISIBLE];
    return state.tasks.insert({ source, destination, rate, to_move, started_ms }, MAX_LISTED);
  });
  carryOn(state, task);
  return { output: { TaskHandle: handleOf(task, source) } };
};

function check(state: SqsState, source: string, destination: string | null): void {
  const from = requireQueue(state, "SourceArn", source);
  if (!isDeadLetterQueue(state, source)) {
    throw new AwsError("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.");
  }
  if (destination !== null) {
    const to = requireQueue(state, "DestinationArn", destination);
    if (to === from || to.fifo !== from.fifo) {
      throw new AwsError(
        "InvalidParameterValue",
        "The destination queue must be another queue than the source, of the same type.",
      );
    }
  }
  if (state.tasks.newest(source, MAX_LISTED).some(({ status }) => status === "RUNNING")) {
    throw new AwsError(
      "UnsupportedOperation",
      "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
    );
  }
}

export const listMessageMoveTasks: Operation = async (state, input) => {
  const source = input.text("SourceArn");
  const max = input.optionalInteger("MaxResults", { min: 1, max: MAX_LISTED }) ?? 1;
  const rows = await state.group.run(() => {
    requireQueue(state, "SourceArn", source);
    return state.tasks.newest(source, max);
  });
  return { output: { Results: rows.map(present) } };
};

function present(row: TaskRow): Record<string, unknown> {
  return {
    ...(row.status === "RUNNING" ? { TaskHandle: handleOf(row.task, row.source) } : {}),
    Status: row.status,
    SourceArn: row.source,
    ...(row.destination === null ? {} : { DestinationArn: row.destination }),
    ...(row.rate === null ? {} : { MaxNumberOfMessagesPerSecond: row.rate }),
    ApproximateNumberOfMessagesMoved: row.moved,
    ApproximateNumberOfMessagesToMove: row.to_move,
    ...(row.failure === null ? {} : { FailureReason: row.failure }),
    StartedTimestamp: row.started_ms,
  };
}

export const cancelMessageMoveTask: Operation = async (state, input) => {
  const task = readHandle(input.text("TaskHandle"));
  const row = await state.group.run(() => {
    const found = state.tasks.find(task);
    if (found === undefined) {
      throw new AwsError("ResourceNotFoundException", "Task does not exist.");
    }
    if (found.status !== "RUNNING") {
      throw new AwsError("UnsupportedOperation", "Only active tasks can be cancelled.");
    }
    state.tasks.update({ ...found, status: "CANCELLED" });
    return found;
  });
  return { output: { ApproximateNumberOfMessagesMoved: row.moved } };
};

function handleOf(taskId: number, sourceArn: string): string {
  return Buffer.from(JSON.stringify({ taskId, sourceArn })).toString("base64");
}

function readHandle(handle: string): number {
  try {
    const { taskId } = JSON.parse(Buffer.from(handle, "base64").toString()) as { taskId?: unknown };
    if (typeof taskId === "number" && Number.isInteger(taskId)) return taskId;
  } catch {
    // Not of our making; told below.
  }
  throw new AwsError("InvalidParameterValue", "Value for parameter TaskHandle is invalid.");
}
