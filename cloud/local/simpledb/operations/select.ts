import { readToken, tokenFor, type Position } from "../next-token.ts";
import { checkSelect } from "../select/check.ts";
import type { Select } from "../select/expression.ts";
import { parseSelect } from "../select/parse.ts";
import { countItems, findItems, type Row } from "../select/query.ts";
import { domainOf, type Operation, type SimpleDbState } from "../state.ts";
import type { Domain, Pair } from "../tables.ts";
import type { XmlFields } from "../xml.ts";

/** One page: at most the limit's items and 1 MB of names and values, at least one item. */
export const select: Operation = (state, parameters) => {
  const asked = parseSelect(parameters.text("SelectExpression"));
  checkSelect(asked, state.limits);
  parameters.flag("ConsistentRead"); // every read is
  const domain = domainOf(state, asked.domain);
  const token = parameters.optionalText("NextToken");
  // Programs count up to an item with `count(*)` and go on from there with `*`: both are the same list.
  const list = JSON.stringify([domain.id, asked.where, asked.order]);
  const from = token === undefined ? undefined : readToken(token, list);
  const { limit } = asked;
  if (asked.output === "count" && limit === undefined && from === undefined) {
    return { Item: countItem(countItems(state.tables, domain, asked)) };
  }
  const usual = asked.output === "count" ? state.limits.pageItems : state.limits.usualPageItems;
  const max = limit ?? usual;
  const rows = findItems(state.tables, domain, asked, from, max + 1);
  const page = asked.output === "count" ? rows.slice(0, max) : [];
  const items =
    asked.output === "count"
      ? [countItem(page.length)]
      : readItems(state, domain, asked.output, rows.slice(0, max), page);
  const last = page.at(-1);
  const more = last !== undefined && page.length < rows.length;
  return { Item: items, NextToken: more ? tokenFor(list, positionOf(last)) : undefined };
};

const positionOf = ({ item, value }: Row): Position => (value === null ? { item } : { item, value });

const countItem = (count: number): XmlFields => ({
  Name: "Domain",
  Attribute: { Name: "Count", Value: String(count) },
});

/** Fills `page` with the rows that the answer has room for, and answers their elements. */
function readItems(
  { tables, limits }: SimpleDbState,
  domain: Domain,
  output: Exclude<Select["output"], "count">,
  rows: readonly Row[],
  page: Row[],
): XmlFields[] {
  const items: XmlFields[] = [];
  let bytes = 0;
  for (const row of rows) {
    const pairs = output === "item" ? [] : wanted(tables.pairs(domain.id, row.item), output);
    bytes += Buffer.byteLength(row.item + pairs.map(({ name, value }) => name + value).join(""));
    if (bytes > limits.pageBytes && page.length > 0) break;
    page.push(row);
    items.push({
      Name: row.item,
      Attribute: pairs.map(({ name, value }) => ({ Name: name, Value: value })),
    });
  }
  return items;
}

function wanted(pairs: readonly Pair[], output: "all" | readonly string[]): readonly Pair[] {
  return output === "all" ? pairs : pairs.filter((it) => output.includes(it.name));
}
