import type { DatabaseSync } from "node:sqlite";
import { allRows } from "../database.ts";

/**
 * delayed ──due──▶ visible ──receive──▶ in flight ──due, or handed back──▶ visible
 * From every state a message can be deleted, expire, or go with its pool; a visible one can move to the
 * dead-letter queue's pool, where it is visible. `due_ms` is when the state ends or, for a visible message, when
 * it became visible, which is the order of receiving.
 */
export const VISIBLE = 0;
export const IN_FLIGHT = 1;
export const DELAYED = 2;
export type State = typeof VISIBLE | typeof IN_FLIGHT | typeof DELAYED;

export interface NewMessage {
  pool: number;
  state: State;
  dueMs: number;
  sentMs: number;
  id: string;
  sender: string;
  md5: string;
  /** JSON of the message attributes, or null. */
  attributes: string | null;
  body: string;
  /** JSON of the system attributes that the sender gave, or null. */
  system: string | null;
  /** Its message group in a FIFO queue; null in a standard one. */
  grp: number | null;
}

export interface MessageRow {
  seq: number;
  pool: number;
  state: State;
  due_ms: number;
  sent_ms: number;
  receive_count: number;
  receipt: number;
  received_ms: number | null;
  first_received_ms: number | null;
  moved_from: string | null;
  grp: number | null;
}

export interface FullMessage extends MessageRow {
  id: string;
  sender: string;
  md5: string;
  attributes: string | null;
  body: string;
  system: string | null;
}

/** Where a message goes that leaves its queue for another one, and what becomes of it. */
export interface Destination {
  pool: number;
  state: State;
  dueMs: number;
  sentMs: number;
  movedFrom: string | null;
  grp: number | null;
  /** Given: it is a new message from now on, with this id, never received. Otherwise it stays what it was. */
  newId: string | undefined;
}

export type MessageTable = ReturnType<typeof openMessageTable>;

/** The statements over messages, prepared once. All are constant in the length of the queue. */
export function openMessageTable(database: DatabaseSync) {
  const insertMessage = database.prepare(
    "INSERT INTO messages (pool, state, due_ms, sent_ms, receive_count, receipt, grp) VALUES (?, ?, ?, ?, 0, 0, ?)",
  );
  const insertPayload = database.prepare(
    "INSERT INTO payloads (seq, id, sender, md5, attributes, body, system) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const visible = database.prepare(
    `SELECT m.*, p.id, p.sender, p.md5, p.attributes, p.body, p.system FROM messages m JOIN payloads p ON p.seq = m.seq
     WHERE m.pool = ? AND m.state = ${VISIBLE} ORDER BY m.due_ms, m.seq LIMIT +?`,
  );
  const full = database.prepare(
    `SELECT m.*, p.id, p.sender, p.md5, p.attributes, p.body, p.system FROM messages m JOIN payloads p ON p.seq = m.seq
     WHERE m.seq = ? AND m.pool = ?`,
  );
  const find = database.prepare("SELECT * FROM messages WHERE seq = ? AND pool = ?");
  const take = database.prepare(
    `UPDATE messages SET state = ${IN_FLIGHT}, due_ms = ?, receive_count = receive_count + 1, receipt = ?,
     received_ms = ?, first_received_ms = coalesce(first_received_ms, ?) WHERE seq = ?`,
  );
  const putBack = database.prepare(
    `UPDATE messages SET state = ${VISIBLE}, due_ms = ?, receive_count = ?, received_ms = ?, first_received_ms = ?
     WHERE seq = ?`,
  );
  const setDue = database.prepare("UPDATE messages SET state = ?, due_ms = ? WHERE seq = ?");
  const removeMessage = database.prepare("DELETE FROM messages WHERE seq = ?");
  const removePayload = database.prepare("DELETE FROM payloads WHERE seq = ?");

  return {
    /** Answers the message's number, which rises with every message of this cloud. */
    insert(message: NewMessage): number {
      const { pool, state, dueMs, sentMs, id, sender, md5, attributes, body, system, grp } = message;
      const seq = Number(insertMessage.run(pool, state, dueMs, sentMs, grp).lastInsertRowid);
      insertPayload.run(seq, id, sender, md5, attributes, body, system);
      return seq;
    },
    /** The visible messages that became so first. */
    visible: (pool: number, max: number) => allRows<FullMessage>(visible, pool, max),
    find: (pool: number, seq: number) => allRows<MessageRow>(find, seq, pool)[0],
    /** A message with its body. */
    full: (pool: number, seq: number) => allRows<FullMessage>(full, seq, pool)[0],
    take: (row: MessageRow, receipt: number, now: number, dueMs: number) =>
      void take.run(dueMs, receipt, now, now, row.seq),
    /** Makes a receive undone: the message stands where it stood, and the receive was never counted. */
    putBack: (before: MessageRow) =>
      void putBack.run(
        before.due_ms,
        before.receive_count,
        before.received_ms,
        before.first_received_ms,
        before.seq,
      ),
    setDue: (seq: number, state: State, dueMs: number) => void setDue.run(state, dueMs, seq),
    remove(seq: number): void {
      removeMessage.run(seq);
      removePayload.run(seq);
    },
    ...openMoves(database),
    ...openSweeps(database),
  };
}

/** The statements by which a message leaves its pool for another one. */
function openMoves(database: DatabaseSync) {
  const move = database.prepare(
    `UPDATE messages SET pool = ?, state = ${VISIBLE}, due_ms = ?, moved_from = ? WHERE seq = ?`,
  );
  const copy = database.prepare(
    `INSERT INTO messages (pool, state, due_ms, sent_ms, receive_count, receipt, received_ms, first_received_ms, moved_from, grp)
     SELECT ?, ?, ?, ?, receive_count * ?7, 0, received_ms, iif(?7, first_received_ms, NULL), ?5, ?6
     FROM messages WHERE seq = ?8`,
  );
  const renumber = database.prepare("UPDATE payloads SET seq = ?, id = coalesce(?, id) WHERE seq = ?");
  const forget = database.prepare("DELETE FROM messages WHERE seq = ?");

  return {
    move: (seq: number, pool: number, dueMs: number, movedFrom: string) =>
      void move.run(pool, dueMs, movedFrom, seq),
    /** Puts a message at the end of another pool. */
    reinsert(seq: number, into: Destination): void {
      const { pool, state, dueMs, sentMs, movedFrom, grp, newId } = into;
      const keepCount = newId === undefined ? 1 : 0;
      const made = copy.run(pool, state, dueMs, sentMs, movedFrom, grp, keepCount, seq);
      renumber.run(Number(made.lastInsertRowid), newId ?? null, seq);
      forget.run(seq);
    },
  };
}

/** The statements that touch many messages; each is bounded, so that no turn takes long. */
function openSweeps(database: DatabaseSync) {
  const release = database.prepare(
    `UPDATE messages SET state = ${VISIBLE} WHERE seq IN
     (SELECT seq FROM messages WHERE pool = ? AND state = ? AND due_ms <= ? ORDER BY due_ms LIMIT +?)`,
  );
  const releaseGrouped = database.prepare(
    `UPDATE messages SET state = ${VISIBLE} WHERE seq IN
     (SELECT seq FROM messages WHERE pool = ? AND state = ? AND due_ms <= ? ORDER BY due_ms, seq LIMIT +?)
     RETURNING grp`,
  );
  const redelay = database.prepare(
    `UPDATE messages SET due_ms = sent_ms + ? WHERE pool = ? AND state = ${DELAYED}`,
  );
  const expired = database.prepare(
    "SELECT seq, state, grp FROM messages WHERE pool = ? AND sent_ms <= ? ORDER BY sent_ms LIMIT +?",
  );
  const ofPool = database.prepare("SELECT seq FROM messages WHERE pool = ? LIMIT +?");
  const nextDue = database.prepare("SELECT min(due_ms) AS ms FROM messages WHERE pool = ? AND state = ?");
  const oldest = database.prepare("SELECT min(sent_ms) AS ms FROM messages WHERE pool = ?");
  const counts = database.prepare("SELECT state, count(*) AS n FROM messages WHERE pool = ? GROUP BY state");

  return {
    /** Makes due messages of one state visible. Resolves to how many. */
    release: (pool: number, from: State, now: number, max: number) =>
      Number(release.run(pool, from, now, max).changes),
    /** The same for a FIFO queue. Resolves to the group of each. */
    releaseGrouped: (pool: number, from: State, now: number, max: number) =>
      allRows<{ grp: number | null }>(releaseGrouped, pool, from, now, max).map(({ grp }) => grp),
    /** Gives every delayed message of a pool another delay, counted from its send. */
    redelay: (pool: number, delayMs: number) => void redelay.run(delayMs, pool),
    /** Messages that were sent at or before a moment. */
    sentBefore: (pool: number, ms: number, max: number) =>
      allRows<Pick<MessageRow, "seq" | "state" | "grp">>(expired, pool, ms, max),
    ofPool: (pool: number, max: number) => allRows<Pick<MessageRow, "seq">>(ofPool, pool, max),
    nextDueMs: (pool: number, state: State) =>
      allRows<{ ms: number | null }>(nextDue, pool, state)[0]?.ms ?? Infinity,
    oldestMs: (pool: number) => allRows<{ ms: number | null }>(oldest, pool)[0]?.ms ?? Infinity,
    /** Counted once, when a queue is opened; from then on kept in memory. */
    counts(pool: number): [number, number, number] {
      const found: [number, number, number] = [0, 0, 0];
      for (const { state, n } of allRows<{ state: State; n: number }>(counts, pool)) found[state] = n;
      return found;
    },
  };
}
