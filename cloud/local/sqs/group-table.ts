import type { DatabaseSync } from "node:sqlite";
import { allRows } from "../database.ts";
import { DELAYED, IN_FLIGHT, VISIBLE, type FullMessage, type State } from "./message-table.ts";

/** SQL for the oldest message of a group (the first parameter) in a state. */
const minOf = (state: State) => `(SELECT min(seq) FROM messages WHERE grp = ?1 AND state = ${state})`;

export type GroupTable = ReturnType<typeof openGroupTable>;

/**
 * The message groups of FIFO queues. A group is ready when its oldest message is visible and none is in flight:
 * then the next receive may take from it. `ready` holds that oldest message, which is the order among groups, so
 * that the next group is found at once, however many messages wait behind blocked ones.
 */
export function openGroupTable(database: DatabaseSync) {
  const find = database.prepare("SELECT grp FROM message_groups WHERE pool = ? AND name = ?");
  const create = database.prepare("INSERT INTO message_groups (pool, name) VALUES (?, ?)");
  const removeEmpty = database.prepare(
    "DELETE FROM message_groups WHERE grp = ?1 AND NOT EXISTS (SELECT 1 FROM messages WHERE grp = ?1)",
  );
  const refresh = database.prepare(
    `UPDATE message_groups SET ready = CASE
       WHEN EXISTS (SELECT 1 FROM messages WHERE grp = ?1 AND state = ${IN_FLIGHT}) THEN NULL
       WHEN ${minOf(DELAYED)} < ${minOf(VISIBLE)} THEN NULL
       ELSE ${minOf(VISIBLE)} END
     WHERE grp = ?1`,
  );
  const ready = database.prepare(
    "SELECT grp FROM message_groups WHERE pool = ? AND ready IS NOT NULL ORDER BY ready LIMIT 1",
  );
  const members = database.prepare(
    `SELECT m.*, p.id, p.sender, p.md5, p.attributes, p.body, p.system
     FROM messages m JOIN payloads p ON p.seq = m.seq
     WHERE m.grp = ?1 AND m.state = ${VISIBLE}
       AND m.seq < coalesce(${minOf(DELAYED)}, 9223372036854775807)
     ORDER BY m.seq LIMIT +?2`,
  );
  const removeSome = database.prepare(
    "DELETE FROM message_groups WHERE grp IN (SELECT grp FROM message_groups WHERE pool = ? LIMIT +?)",
  );

  return {
    /** The group of a name in a pool; made when it is not there. */
    of(pool: number, name: string): number {
      const found = allRows<{ grp: number }>(find, pool, name)[0];
      return found?.grp ?? Number(create.run(pool, name).lastInsertRowid);
    },
    /** To be called after every change to a group's messages; null stands for "not of a group". */
    refresh(grp: number | null): void {
      if (grp === null || Number(removeEmpty.run(grp).changes) > 0) return;
      refresh.run(grp);
    },
    /** The oldest messages, in order, of the ready group whose first one is the oldest. */
    next(pool: number, max: number): FullMessage[] {
      const found = allRows<{ grp: number }>(ready, pool)[0];
      return found === undefined ? [] : allRows<FullMessage>(members, found.grp, max);
    },
    /** Removes up to `max` groups of a doomed pool; resolves to how many. */
    removeSome: (pool: number, max: number) => Number(removeSome.run(pool, max).changes),
  };
}
