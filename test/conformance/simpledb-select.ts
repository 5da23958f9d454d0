import assert from "node:assert/strict";
import { BatchPutAttributesCommand } from "../../cloud/aws/simpledb/index.ts";
import { refused } from "./assertions.ts";
import { sdbGuide, type Check } from "./check.ts";
import { names, pairs, put, select } from "./simpledb-calls.ts";
import type { World } from "./world.ts";

const simple = sdbGuide("SimpleQueriesSelect");
const ranges = sdbGuide("RangeQueriesSelect");
const many = sdbGuide("RangeValueQueriesSelect");
const using = sdbGuide("UsingSelect");
const counts = sdbGuide("CountingDataSelect");
const sorting = sdbGuide("SortingDataSelect");
const quoting = sdbGuide("QuotingRulesSelect");

/** Some books, in the manner of the developer guide's sample data set. */
const books: Record<string, string[]> = {
  b1: ["title=Tropic", "year=1934", "pages=0318", "keyword=book", "keyword=paperback", "rating=4"],
  b2: ["title=Sirens", "year=1959", "pages=0336", "keyword=book", "rating=5", "rating=4"],
  b3: ["title=Right", "year=1979", "pages=0304", "keyword=book", "keyword=hardcover"],
  b4: ["title=300", "year=2007", "keyword=dvd", "keyword=action", "rating=3"],
};

async function shelf(w: World): Promise<string> {
  const domain = await w.makeDomain();
  for (const [name, attributes] of Object.entries(books)) await put(w, domain, name, pairs(...attributes));
  return domain;
}

/** [page, id, where clause, what it finds in any order] */
const queries: [typeof simple, string, string, string[]][] = [
  [simple, "equal", "where title = 'Sirens'", ["b2"]],
  [simple, "not-equal", "where title != 'Sirens'", ["b1", "b3", "b4"]],
  [simple, "less", "where year < '1959'", ["b1"]],
  [simple, "at-most", "where year <= '1959'", ["b1", "b2"]],
  [simple, "greater", "where year > '1959'", ["b3", "b4"]],
  [simple, "like", "where title like 'R%'", ["b3"]],
  [simple, "like-middle", "where title like '%ir%'", ["b2"]],
  [simple, "not-like", "where title not like '%r%'", ["b3", "b4"]],
  [simple, "null", "where pages is null", ["b4"]],
  [simple, "not-null", "where pages is not null", ["b1", "b2", "b3"]],
  [ranges, "between", "where year between '1950' and '1980'", ["b2", "b3"]],
  [ranges, "in", "where year in ('1934', '2007')", ["b1", "b4"]],
  [ranges, "and", "where year > '1950' and year < '1975'", ["b2"]],
  [ranges, "or", "where year < '1940' or title = '300'", ["b1", "b4"]],
  [ranges, "not", "where not keyword = 'book'", ["b4"]],
  [ranges, "brackets", "where (year < '1940' or year > '2000') and rating = '4'", ["b1"]],
  [many, "multi-value", "where rating = '4'", ["b1", "b2"]],
  [many, "every", "where every(rating) = '4'", ["b1"]],
  [many, "intersection", "where keyword = 'book' intersection keyword = 'hardcover'", ["b3"]],
  [using, "item-name", "where itemName() = 'b3'", ["b3"]],
];

export const simpleDbSelectChecks: readonly Check[] = [
  ...queries.map(([of, id, where, expected]) =>
    of(`sdb-select-${id}`, `select … ${where} finds what the guide says.`, async (w) => {
      const domain = await shelf(w);
      assert.deepEqual((await names(w, domain, where)).toSorted(), expected);
    }),
  ),
  using("sdb-select-attributes", "A select answers the attributes that it names, or all.", async (w) => {
    const domain = await shelf(w);
    const of = async (what: string) => {
      const { Items: [item] = [] } = await select(w, `select ${what} from ${domain} where title = 'Sirens'`);
      return (item?.Attributes ?? []).map((it) => `${it.Name}=${it.Value}`).toSorted();
    };
    assert.deepEqual(await of("*"), books["b2"]?.toSorted());
    assert.deepEqual(await of("title, rating"), ["rating=4", "rating=5", "title=Sirens"]);
    assert.deepEqual(await of("itemName()"), []);
  }),
  counts("sdb-select-count", "count(*) counts.", async (w) => {
    const domain = await shelf(w);
    const { Items: [item] = [] } = await select(w, `select count(*) from ${domain} where keyword = 'book'`);
    assert.deepEqual(
      [item?.Name, item?.Attributes?.map((it) => [it.Name, it.Value])],
      ["Domain", [["Count", "3"]]],
    );
  }),
  sorting("sdb-select-order", "Items are sorted by an attribute or by name, either way.", async (w) => {
    const domain = await shelf(w);
    const by = (rest: string) => names(w, domain, rest);
    assert.deepEqual(await by("where year > '1900' order by year desc"), ["b4", "b3", "b2", "b1"]);
    assert.deepEqual(await by("where title is not null order by title"), ["b4", "b3", "b2", "b1"]);
    assert.deepEqual(await by("where itemName() > 'b1' order by itemName() asc"), ["b2", "b3", "b4"]);
  }),
  sorting(
    "sdb-select-order-unconstrained",
    "The attribute to sort by stands in the where clause.",
    async (w) => {
      const domain = await shelf(w);
      await refused(names(w, domain, "where title = '300' order by year"), "InvalidSortExpression", 400);
    },
  ),
  using("sdb-select-limit", "A limit cuts the answer, and the next token goes on.", async (w) => {
    const domain = await shelf(w);
    const text = `select itemName() from ${domain} limit 3`;
    const first = await select(w, text);
    assert.equal(first.Items?.length, 3);
    const rest = await select(w, text, first.NextToken);
    const all = [...(first.Items ?? []), ...(rest.Items ?? [])].map((it) => it.Name ?? "");
    assert.deepEqual(all.toSorted(), Object.keys(books));
  }),
  using("sdb-select-default-limit", "Without a limit an answer has 100 items.", async (w) => {
    const DomainName = await w.makeDomain();
    for (const batch of [0, 1, 2, 3, 4]) {
      const Items = Array.from({ length: 25 }, (_, n) => ({
        Name: `${batch}-${n}`,
        Attributes: pairs("a=1"),
      }));
      await w.simpledb.send(new BatchPutAttributesCommand({ DomainName, Items }));
    }
    const first = await select(w, `select itemName() from ${DomainName}`);
    assert.equal(first.Items?.length, 100);
    assert.ok(first.NextToken);
  }),
  quoting(
    "sdb-select-quotes",
    "Quotes within quotes are doubled, odd names stand in back quotes.",
    async (w) => {
      const domain = await w.makeDomain();
      await put(w, domain, "i", [{ Name: "odd name", Value: `it's "quoted"` }]);
      assert.deepEqual(await names(w, domain, "where `odd name` = 'it''s \"quoted\"'"), ["i"]);
      assert.deepEqual(await names(w, domain, 'where `odd name` = "it\'s ""quoted"""'), ["i"]);
    },
  ),
  sdbGuide("SDB_API_Select")(
    "sdb-select-invalid",
    "An expression that is none is InvalidQueryExpression.",
    async (w) => {
      const domain = await w.makeDomain();
      for (const text of ["select", `select * from ${domain} where`, `select * from ${domain} where a ~ '1'`])
        await refused(select(w, text), "InvalidQueryExpression", 400);
    },
  ),
  sdbGuide("SDB_API_Select")(
    "sdb-select-token",
    "A next token that is none is InvalidNextToken.",
    async (w) => {
      const domain = await w.makeDomain();
      await refused(select(w, `select * from ${domain}`, "nonsense"), "InvalidNextToken", 400);
    },
  ),
  sdbGuide("SDB_API_Select")(
    "sdb-select-no-domain",
    "Selecting from a domain that is not there is NoSuchDomain.",
    (w) => refused(select(w, "select * from drover_conformance_none"), "NoSuchDomain", 400),
  ),
];
