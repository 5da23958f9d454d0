import type { DatabaseSync } from "node:sqlite";
import { allRows } from "../database.ts";

/** One message of a receive, as it was handed out. When it is no longer so, it has been modified. */
export interface AttemptReceipt {
  seq: number;
  receipt: number;
  dueMs: number;
}

/** Entries forgotten with each new one: more than come in. */
const FORGET_PER_ENTRY = 2;

export type AttemptTable = ReturnType<typeof openAttemptTable>;

/** Receives of FIFO queues that carried a ReceiveRequestAttemptId, so that they can be repeated. */
export function openAttemptTable(database: DatabaseSync) {
  const find = database.prepare(
    "SELECT receipts FROM receive_attempts WHERE origin = ? AND attempt_id = ? AND until_ms > ?",
  );
  const put = database.prepare("INSERT OR REPLACE INTO receive_attempts VALUES (?, ?, ?, ?)");
  const forget = database.prepare(
    `DELETE FROM receive_attempts WHERE (origin, attempt_id) IN
     (SELECT origin, attempt_id FROM receive_attempts WHERE until_ms <= ? ORDER BY until_ms LIMIT ${FORGET_PER_ENTRY})`,
  );

  return {
    find(origin: number, attemptId: string, now: number): AttemptReceipt[] | undefined {
      const text = allRows<{ receipts: string }>(find, origin, attemptId, now)[0]?.receipts;
      return text === undefined ? undefined : (JSON.parse(text) as AttemptReceipt[]);
    },
    remember(
      origin: number,
      attemptId: string,
      receipts: readonly AttemptReceipt[],
      now: number,
      untilMs: number,
    ): void {
      forget.run(now);
      put.run(origin, attemptId, untilMs, JSON.stringify(receipts));
    },
  };
}
