import type { DatabaseSync } from "node:sqlite";
import { allRows } from "../database.ts";

export interface Domain {
  id: number;
  name: string;
  /** Name-value pairs of all its items. */
  pairs: number;
  /** UTF-8 bytes of all names and values. */
  bytes: number;
}

export interface Pair {
  name: string;
  value: string;
}

export interface DomainCounts {
  items: number;
  itemBytes: number;
  names: number;
  nameBytes: number;
  values: number;
  valueBytes: number;
}

export type Tables = ReturnType<typeof openTables>;

/** The statements over domains, items and pairs, prepared once. Selects are made for each expression. */
export function openTables(database: DatabaseSync) {
  return {
    database,
    ...domainStatements(database),
    ...itemStatements(database),
    ...sweepStatements(database),
  };
}

function domainStatements(database: DatabaseSync) {
  const find = database.prepare("SELECT * FROM simpledb_domains WHERE name = ?");
  const insert = database.prepare("INSERT INTO simpledb_domains (name, pairs, bytes) VALUES (?, 0, 0)");
  const drop = database.prepare(
    "INSERT INTO simpledb_dropped (id) SELECT id FROM simpledb_domains WHERE name = ?",
  );
  const remove = database.prepare("DELETE FROM simpledb_domains WHERE name = ?");
  const count = database.prepare("SELECT count(*) AS domains FROM simpledb_domains");
  const list = database.prepare("SELECT * FROM simpledb_domains WHERE name > ? ORDER BY name LIMIT +?");
  const grow = database.prepare(
    "UPDATE simpledb_domains SET pairs = pairs + ?, bytes = bytes + ? WHERE id = ?",
  );
  const countItems = database.prepare(
    "SELECT count(*) AS items, coalesce(sum(octet_length(item)), 0) AS itemBytes FROM simpledb_items WHERE domain = ?",
  );
  const countNames = database.prepare(
    `SELECT count(*) AS names, coalesce(sum(octet_length(name)), 0) AS nameBytes
     FROM (SELECT DISTINCT name FROM simpledb_pairs WHERE domain = ?)`,
  );
  const countValues = database.prepare(
    `SELECT count(*) AS "values", coalesce(sum(octet_length(value)), 0) AS valueBytes
     FROM simpledb_pairs WHERE domain = ?`,
  );
  return {
    domain: (name: string) => allRows<Domain>(find, name)[0],
    createDomain: (name: string) => void insert.run(name),
    dropDomain: (name: string) => {
      drop.run(name);
      remove.run(name);
    },
    domainCount: () => allRows<{ domains: number }>(count)[0]?.domains ?? 0,
    domainsAfter: (name: string, max: number) => allRows<Domain>(list, name, max),
    grow: (id: number, pairs: number, bytes: number) => void grow.run(pairs, bytes, id),
    counts: (id: number): DomainCounts =>
      Object.assign(
        {},
        ...[countItems, countNames, countValues].flatMap((it) => allRows<object>(it, id)),
      ) as DomainCounts,
  };
}

function itemStatements(database: DatabaseSync) {
  const addItem = database.prepare("INSERT OR IGNORE INTO simpledb_items (domain, item) VALUES (?, ?)");
  const removeItem = database.prepare("DELETE FROM simpledb_items WHERE domain = ? AND item = ?");
  const pairs = database.prepare(
    "SELECT name, value FROM simpledb_pairs WHERE domain = ? AND item = ? ORDER BY name, value",
  );
  const addPair = database.prepare(
    "INSERT INTO simpledb_pairs (domain, item, name, value) VALUES (?, ?, ?, ?)",
  );
  const removePair = database.prepare(
    "DELETE FROM simpledb_pairs WHERE domain = ? AND item = ? AND name = ? AND value = ?",
  );
  return {
    addItem: (domain: number, item: string) => void addItem.run(domain, item),
    removeItem: (domain: number, item: string) => void removeItem.run(domain, item),
    pairs: (domain: number, item: string) => allRows<Pair>(pairs, domain, item),
    addPair: (domain: number, item: string, { name, value }: Pair) =>
      void addPair.run(domain, item, name, value),
    removePair: (domain: number, item: string, { name, value }: Pair) =>
      void removePair.run(domain, item, name, value),
  };
}

function sweepStatements(database: DatabaseSync) {
  const dropped = database.prepare("SELECT id FROM simpledb_dropped LIMIT 1");
  const forget = database.prepare("DELETE FROM simpledb_dropped WHERE id = ?");
  const [pairs, items] = ["pairs", "items"].map((table) =>
    database.prepare(
      `DELETE FROM simpledb_${table} WHERE domain = ? AND item IN
       (SELECT item FROM simpledb_items WHERE domain = ? ORDER BY item LIMIT +?)`,
    ),
  );
  return {
    /** Removes up to `max` items of one dropped domain with their pairs; false when none is left. */
    sweep: (max: number): boolean => {
      const id = allRows<{ id: number }>(dropped)[0]?.id;
      if (id === undefined) return false;
      pairs?.run(id, id, max);
      if (Number(items?.run(id, id, max).changes ?? 0) < max) forget.run(id);
      return true;
    },
  };
}
