/**
 * What changes often (state, due time, counts) lies apart from what never does (the body), so that hiding or
 * handing back a message rewrites some forty bytes, not a megabyte.
 *
 * A pool is the set of messages that a queue has now. Purging or deleting a queue dooms its pool in one step,
 * whatever its size; the rows of a doomed pool are removed a few at a time.
 */
export const sqsSchema = `
CREATE TABLE IF NOT EXISTS queues (
  name TEXT PRIMARY KEY,
  pool INTEGER NOT NULL UNIQUE,
  created_ms INTEGER NOT NULL,
  modified_ms INTEGER NOT NULL,
  attributes TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS pools (pool INTEGER PRIMARY KEY AUTOINCREMENT, doomed INTEGER NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS messages (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  pool INTEGER NOT NULL,
  state INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  sent_ms INTEGER NOT NULL,
  receive_count INTEGER NOT NULL,
  receipt INTEGER NOT NULL,
  received_ms INTEGER,
  first_received_ms INTEGER,
  moved_from TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS messages_by_due ON messages (pool, state, due_ms);
CREATE INDEX IF NOT EXISTS messages_by_age ON messages (pool, sent_ms);

CREATE TABLE IF NOT EXISTS payloads (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  sender TEXT NOT NULL,
  md5 TEXT NOT NULL,
  attributes TEXT,
  body TEXT NOT NULL
) STRICT;
`;
