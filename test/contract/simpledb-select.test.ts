import { describe, expect, test } from "vitest";
import {
  BatchPutAttributesCommand,
  paginateSelect,
  SelectCommand,
  type SimpleDBClient,
} from "../../cloud/aws/simpledb/index.ts";
import { DomainName, domain, pair, refusal, simpleDbCloud } from "../support/simpledb.ts";

/** The sample data of the developer guide, whose page on each kind of query says what it finds. */
const BOOKS: Record<string, Record<string, string[]>> = {
  "0385333498": {
    Title: ["The Sirens of Titan"],
    Author: ["Kurt Vonnegut"],
    Year: ["1959"],
    Pages: ["00336"],
    Keyword: ["Book", "Paperback"],
    Rating: ["*****", "5 stars", "Excellent"],
  },
  "0802131786": {
    Title: ["Tropic of Cancer"],
    Author: ["Henry Miller"],
    Year: ["1934"],
    Pages: ["00318"],
    Keyword: ["Book"],
    Rating: ["****"],
  },
  "1579124585": {
    Title: ["The Right Stuff"],
    Author: ["Tom Wolfe"],
    Year: ["1979"],
    Pages: ["00304"],
    Keyword: ["Book", "Hardcover", "American"],
    Rating: ["****", "4 stars"],
  },
  B000T9886K: {
    Title: ["In Between"],
    Author: ["Paul Van Dyk"],
    Year: ["2007"],
    Keyword: ["CD", "Trance"],
    Rating: ["4 stars"],
  },
  B00005JPLW: {
    Title: ["300"],
    Author: ["Zack Snyder"],
    Year: ["2007"],
    Keyword: ["DVD", "Action", "Frank Miller"],
    Rating: ["***", "3 stars", "Not bad"],
  },
  B000SF3NGK: {
    Title: ["Heaven's Gonna Burn Your Eyes"],
    Author: ["Thievery Corporation"],
    Year: ["2002"],
    Rating: ["*****"],
  },
};

async function books(client: SimpleDBClient) {
  const opened = await domain(client);
  const Items = Object.entries(BOOKS).map(([Name, attributes]) => ({
    Name,
    Attributes: Object.entries(attributes).flatMap(([name, values]) =>
      values.map((Value) => ({ Name: name, Value })),
    ),
  }));
  await client.send(new BatchPutAttributesCommand({ DomainName, Items }));
  return opened;
}

describe("select", () => {
  test("finds what the developer guide says", async () => {
    const { client } = await simpleDbCloud();
    const { names } = await books(client);
    const expectations: [where: string, found: string[]][] = [
      ["where Title = 'The Right Stuff'", ["1579124585"]],
      ["where Year > '1985'", ["B00005JPLW", "B000SF3NGK", "B000T9886K"]],
      ["where Rating like '****%'", ["0385333498", "0802131786", "1579124585", "B000SF3NGK"]],
      ["where Pages < '00320'", ["0802131786", "1579124585"]],
      ["where Year > '1975' and Year < '2008'", ["1579124585", "B00005JPLW", "B000SF3NGK", "B000T9886K"]],
      ["where Year between '1975' and '2008'", ["1579124585", "B00005JPLW", "B000SF3NGK", "B000T9886K"]],
      ["where Rating = '***' or Rating = '*****'", ["0385333498", "B00005JPLW", "B000SF3NGK"]],
      [
        "where (Year > '1950' and Year < '1960') or Year like '193%' or Year = '2007'",
        ["0385333498", "0802131786", "B00005JPLW", "B000T9886K"],
      ],
      ["where Rating = '4 stars' or Rating = '****'", ["0802131786", "1579124585", "B000T9886K"]],
      ["where Keyword = 'Book' and Keyword = 'Hardcover'", []],
      ["where Keyword = 'Book' intersection Keyword = 'Hardcover'", ["1579124585"]],
      ["where every(Keyword) in ('Book', 'Paperback')", ["0385333498", "0802131786"]],
      ["where every(Rating) = '****'", ["0802131786"]],
      ["where Keyword is null", ["B000SF3NGK"]],
      ["where Year < '1980' order by Year asc", ["0802131786", "0385333498", "1579124585"]],
      [
        "where Year = '2007' intersection Author is not null order by Author desc",
        ["B00005JPLW", "B000T9886K"],
      ],
      ["where Year < '1980' order by Year limit 2", ["0802131786", "0385333498"]],
      ["where itemName() like 'B000%' order by itemName() desc", ["B000T9886K", "B000SF3NGK", "B00005JPLW"]],
    ];
    for (const [where, found] of expectations) expect(await names(where), where).toEqual(found);
  });

  test("answers all attributes, those named, names only, or a count", async () => {
    const { client } = await simpleDbCloud();
    await books(client);
    const select = async (output: string, rest = "where Year = '1934'") => {
      const SelectExpression = `select ${output} from ${DomainName} ${rest}`;
      const { Items: items } = await client.send(
        new SelectCommand({ SelectExpression, ConsistentRead: true }),
      );
      return (items ?? []).map(({ Name, Attributes: attributes }) => [Name, (attributes ?? []).map(pair)]);
    };
    expect(await select("*")).toEqual([
      [
        "0802131786",
        [
          "Author=Henry Miller",
          "Keyword=Book",
          "Pages=00318",
          "Rating=****",
          "Title=Tropic of Cancer",
          "Year=1934",
        ],
      ],
    ]);
    expect(await select("Year, `Author`, nothing")).toEqual([
      ["0802131786", ["Author=Henry Miller", "Year=1934"]],
    ]);
    expect(await select("itemName()")).toEqual([["0802131786", []]]);
    expect(await select("count(*)", "")).toEqual([["Domain", ["Count=6"]]]);
    expect(await select("count(*)", "where Year > '2000'")).toEqual([["Domain", ["Count=3"]]]);
    expect(await select("count(*)", "where Year > '9'")).toEqual([["Domain", ["Count=0"]]]);
  });

  test("comes in pages of 100, of the limit, and of 1 MB", async () => {
    const { client } = await simpleDbCloud();
    await domain(client);
    const long = "x".repeat(1024);
    for (let batch = 0; batch < 10; batch++) {
      const Items = Array.from({ length: 25 }, (_, i) => ({
        Name: `i${String(batch * 25 + i).padStart(3, "0")}`,
        Attributes: Array.from({ length: 20 }, (__, n) => ({ Name: `n${n}`, Value: long })),
      }));
      await client.send(new BatchPutAttributesCommand({ DomainName, Items }));
    }
    const sizes = async (expression: string) => {
      const found: number[] = [];
      const names = new Set<string>();
      for await (const { Items: items } of paginateSelect({ client }, { SelectExpression: expression })) {
        found.push(items?.length ?? 0);
        for (const { Name } of items ?? []) names.add(Name);
      }
      return [...found, names.size];
    };
    expect(await sizes(`select itemName() from ${DomainName}`)).toEqual([100, 100, 50, 250]);
    expect(await sizes(`select n1 from ${DomainName} limit 200`)).toEqual([200, 50, 250]);
    // 51 items of 20 pairs (1,026 or 1,027 bytes) and a name of 4 bytes fit into 1 MiB.
    expect(await sizes(`select * from ${DomainName} limit 2500`)).toEqual([51, 51, 51, 51, 46, 250]);
  });

  test("goes on from where a count stopped, and with no other list", async () => {
    const { client } = await simpleDbCloud();
    await books(client);
    const select = (SelectExpression: string, NextToken?: string) =>
      client.send(new SelectCommand({ SelectExpression, NextToken }));
    const { Items: counted, NextToken: token } = await select(`select count(*) from ${DomainName} limit 4`);
    expect(counted?.[0]?.Attributes.map(pair)).toEqual(["Count=4"]);
    const { Items: rest } = await select(`select * from ${DomainName} limit 1`, token);
    expect(rest?.map((it) => it.Name)).toEqual(["B000SF3NGK"]);
    for (const [expression, wrong] of [
      [`select * from ${DomainName} where Year > '1'`, token],
      [`select * from ${DomainName}`, "bm90IGEgdG9rZW4="],
      [`select * from ${DomainName}`, "%"],
    ] as const) {
      await expect(select(expression, wrong)).rejects.toEqual(refusal("InvalidNextToken", 400));
    }
  });
});
