import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../../base/clock.ts";
import type { GroupCommit } from "../group-commit.ts";
import { noFaults, type Faults } from "../nasty/faults.ts";
import { openAttemptTable } from "./attempt-table.ts";
import { openDeduplicationTable } from "./deduplication-table.ts";
import { deliver } from "./delivery.ts";
import { disarm } from "./due.ts";
import { openGroupTable } from "./group-table.ts";
import { liveQueue, type LiveQueue } from "./live-queue.ts";
import { openMessageTable } from "./message-table.ts";
import { resumeMoveTasks } from "./move-tasks.ts";
import { openQueueTable } from "./queue-table.ts";
import { Receipts } from "./receipt.ts";
import { createSqsSchema } from "./schema.ts";
import type { SqsState } from "./state.ts";
import { sweepDoomed } from "./sweep.ts";
import { openTaskTable } from "./task-table.ts";

export interface SqsOptions {
  database: DatabaseSync;
  group: GroupCommit;
  clock: Clock;
  region: string;
  account: string;
  /** Secret key of receipt handles; the same for the life of the database. */
  receiptKey: string;
  report: (error: unknown) => void;
  /** By default nothing goes wrong on purpose. */
  faults?: Faults;
}

/** Opens the queues of a database: their state, timers and unfinished sweeps. */
export function openSqs(options: SqsOptions): SqsState {
  const { database, group } = options;
  createSqsSchema(database);
  const state: SqsState = {
    clock: options.clock,
    group,
    messages: openMessageTable(database),
    groups: openGroupTable(database),
    deduplication: openDeduplicationTable(database),
    attempts: openAttemptTable(database),
    tasks: openTaskTable(database),
    faults: options.faults ?? noFaults,
    queueTable: openQueueTable(database),
    queues: new Map(),
    touched: new Set(),
    pauses: new Set(),
    receipts: new Receipts(options.receiptKey),
    region: options.region,
    account: options.account,
    report: options.report,
    closed: false,
  };
  load(state);
  group.beforeCommit(() => deliver(state));
  group.afterRollback(() => load(state));
  group.run(() => touchAll(state)).catch(state.report);
  sweepDoomed(state);
  resumeMoveTasks(state);
  return state;
}

/** Reads the queues from the database: at the start, and when a transaction was taken back. */
function load(state: SqsState): void {
  const before = new Map(state.queues);
  state.queues.clear();
  for (const row of state.queueTable.all()) {
    const fresh = liveQueue(row, state.messages.counts(row.pool));
    const known = before.get(row.name);
    before.delete(row.name);
    state.queues.set(row.name, known === undefined ? fresh : refresh(known, fresh));
  }
  for (const queue of before.values()) disarm(queue); // created in the transaction that was taken back
  touchAll(state);
}

/** The same object, since pollers wait at it. */
function refresh(known: LiveQueue, fresh: LiveQueue): LiveQueue {
  const { waiters, immediate, timer } = known;
  return Object.assign(known, fresh, { waiters, immediate, timer });
}

function touchAll(state: SqsState): void {
  for (const queue of state.queues.values()) state.touched.add(queue);
}

/** Ends every wait with an empty answer; no timer is left. */
export function closeSqs(state: SqsState): void {
  state.closed = true;
  for (const stop of state.pauses) stop();
  for (const queue of state.queues.values()) {
    disarm(queue);
    for (const waiter of queue.waiters) waiter.finish([]);
  }
}
