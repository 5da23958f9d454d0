import type { StatementSync } from "node:sqlite";
import { allRows } from "../../database.ts";
import type { Position } from "../next-token.ts";
import type { Domain, Tables } from "../tables.ts";
import type { Select } from "./expression.ts";
import { conditionOf, type Sql } from "./to-sql.ts";

/** An item that was found, and the value it is sorted by. */
export interface Row {
  item: string;
  value: string | null;
}

/** The items that a select finds after `from`, at most `max`, in its order. */
export function findItems(
  tables: Tables,
  domain: Domain,
  select: Select,
  from: Position | undefined,
  max: number,
): Row[] {
  const { text, values } = query(select, domain, from);
  return allRows<Row>(prepared(tables, text), ...values, max);
}

/** How many items a select finds. */
export function countItems(tables: Tables, domain: Domain, select: Select): number {
  const { text, values } = query(select, domain, undefined);
  const statement = prepared(tables, `SELECT count(*) AS items FROM (${text})`);
  return allRows<{ items: number }>(statement, ...values, -1)[0]?.items ?? 0;
}

/** Ends in a LIMIT of which the value is still to come. */
function query({ where, order }: Select, domain: Domain, from: Position | undefined): Sql {
  const condition: Sql = where === undefined ? { text: "TRUE", values: [] } : conditionOf(where, domain.id);
  const descending = order?.descending ?? false;
  const [direction, after] = descending ? ["DESC", "<"] : ["ASC", ">"];
  if (order?.attribute === undefined) {
    const start = from === undefined ? "" : ` AND i.item ${after} ?`;
    return {
      text: `SELECT i.item, NULL AS value FROM simpledb_items i
             WHERE i.domain = ? AND ${condition.text}${start} ORDER BY i.item ${direction} LIMIT +?`,
      values: [domain.id, ...condition.values, ...(from === undefined ? [] : [from.item])],
    };
  }
  // Of several values the first in the direction counts; items with the same one come by their names.
  const value = from?.value ?? "";
  const start = from === undefined ? "" : ` AND (o.value ${after} ? OR (o.value = ? AND i.item > ?))`;
  return {
    text: `SELECT i.item, o.value FROM simpledb_items i JOIN (
             SELECT item, ${descending ? "max" : "min"}(value) AS value FROM simpledb_pairs
             WHERE domain = ? AND name = ? GROUP BY item) o ON o.item = i.item
           WHERE i.domain = ? AND ${condition.text}${start} ORDER BY o.value ${direction}, i.item LIMIT +?`,
    values: [
      domain.id,
      order.attribute,
      domain.id,
      ...condition.values,
      ...(from === undefined ? [] : [value, value, from.item]),
    ],
  };
}

const MAX_STATEMENTS = 64;
const statements = new WeakMap<Tables, Map<string, StatementSync>>();

/** Programs ask the same few questions: the text is the same, only the values differ. */
function prepared(tables: Tables, text: string): StatementSync {
  const known = statements.get(tables) ?? new Map<string, StatementSync>();
  statements.set(tables, known);
  const found = known.get(text);
  if (found !== undefined) return found;
  if (known.size >= MAX_STATEMENTS) known.clear();
  const statement = tables.database.prepare(text);
  known.set(text, statement);
  return statement;
}
