import type { DatabaseSync } from "node:sqlite";
import { allRows } from "../database.ts";

/** What a FIFO queue remembers of a message it took, for as long as it refuses a second one. */
export interface Remembered {
  id: string;
  seq: number;
}

/** Entries forgotten with each new one: more than come in, so the table holds little but the last five minutes. */
const FORGET_PER_ENTRY = 2;

export type DeduplicationTable = ReturnType<typeof openDeduplicationTable>;

/** Deduplication ids of FIFO queues. They outlive their messages, a purge and a restart. */
export function openDeduplicationTable(database: DatabaseSync) {
  const find = database.prepare(
    "SELECT id, seq FROM deduplication WHERE origin = ? AND scope = ? AND dedup_id = ? AND until_ms > ?",
  );
  const put = database.prepare("INSERT OR REPLACE INTO deduplication VALUES (?, ?, ?, ?, ?, ?)");
  const forget = database.prepare(
    `DELETE FROM deduplication WHERE (origin, scope, dedup_id) IN
     (SELECT origin, scope, dedup_id FROM deduplication WHERE until_ms <= ? ORDER BY until_ms LIMIT ${FORGET_PER_ENTRY})`,
  );

  return {
    /** `scope`: the message group where ids count per group, else "". */
    find: (origin: number, scope: string, dedupId: string, now: number) =>
      allRows<Remembered>(find, origin, scope, dedupId, now)[0],
    remember(
      origin: number,
      scope: string,
      dedupId: string,
      message: Remembered,
      now: number,
      untilMs: number,
    ): void {
      forget.run(now);
      put.run(origin, scope, dedupId, untilMs, message.id, message.seq);
    },
  };
}
