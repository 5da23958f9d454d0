/**
 * An item exists as long as it has pairs. Text is compared by its UTF-8 bytes, which is SimpleDB's order.
 *
 * Ids of domains are never used twice: a deleted domain loses its row at once, whatever its size, and what it held
 * is removed a few items at a time; until then its id stands among the dropped.
 */
export const simpleDbSchema = `
CREATE TABLE IF NOT EXISTS simpledb_domains (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  pairs INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS simpledb_dropped (id INTEGER PRIMARY KEY) STRICT;

CREATE TABLE IF NOT EXISTS simpledb_items (
  domain INTEGER NOT NULL,
  item TEXT NOT NULL,
  PRIMARY KEY (domain, item)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS simpledb_pairs (
  domain INTEGER NOT NULL,
  item TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (domain, item, name, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS simpledb_pairs_by_value ON simpledb_pairs (domain, name, value);
`;
