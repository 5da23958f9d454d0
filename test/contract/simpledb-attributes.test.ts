import { describe, expect, test } from "vitest";
import {
  BatchDeleteAttributesCommand,
  BatchPutAttributesCommand,
  GetAttributesCommand,
  SelectCommand,
} from "../../cloud/aws/simpledb/index.ts";
import { DomainName, domain, refusal, simpleDbCloud } from "../support/simpledb.ts";
import { tempFolder } from "../support/temp-folder.ts";

const single = (value: string) => [{ Name: "a", Value: value, Replace: true }];
const itemsOf = (values: string[]) =>
  values.map((value, i) => ({ Name: `i${i}`, Attributes: single(value) }));
const many = (count: number, prefix = "n") =>
  Array.from({ length: count }, (_, i) => ({ Name: `${prefix}${i}`, Value: "v" }));

describe("attributes", () => {
  test("are sets of values, added to or replaced one attribute at a time", async () => {
    const { client } = await simpleDbCloud();
    const { put, get } = await domain(client);
    await put("i", [
      { Name: "a", Value: "1" },
      { Name: "a", Value: "2" },
      { Name: "a", Value: "1" },
      { Name: "b", Value: "x" },
    ]);
    await put("i", [{ Name: "a", Value: "3" }]);
    expect(await get("i")).toEqual(["a=1", "a=2", "a=3", "b=x"]);
    await put("i", [
      { Name: "a", Value: "8", Replace: true },
      { Name: "a", Value: "9", Replace: true },
    ]);
    expect(await get("i")).toEqual(["a=8", "a=9", "b=x"]);
    expect(await get("i", ["b", "c"])).toEqual(["b=x"]);
    expect(await get("nobody")).toEqual([]);
  });

  test("are deleted by value, by name, or all with their item, again and again", async () => {
    const { client } = await simpleDbCloud();
    const { put, drop, get, names } = await domain(client);
    const pairs = ["a=1", "a=2", "b=1", "c=1"].map((it) => ({ Name: it.charAt(0), Value: it.slice(2) }));
    await put("i", pairs);
    await drop("i", [{ Name: "a", Value: "1" }, { Name: "a", Value: "9" }, { Name: "b" }]);
    await drop("i", [{ Name: "b" }]);
    expect(await get("i")).toEqual(["a=2", "c=1"]);
    await drop("i");
    await drop("i");
    expect(await names("")).toEqual([]);
    await put("i", pairs);
    await drop("i", [{ Name: "a" }, { Name: "b" }, { Name: "c" }]);
    expect(await names("")).toEqual([]); // an item without attributes is none
  });

  test("keep every character, also those that XML cannot carry", async () => {
    const { client } = await simpleDbCloud();
    const { put, names } = await domain(client);
    const texts = [
      "",
      " ",
      "  a  ",
      "<&>\"'",
      "a\r\nb\tc",
      "é€\u{1F600}",
      "\n",
      "\u0000",
      "a\u0001b",
      "\uFFFE",
      "%+&=;",
    ];
    await put(
      "i",
      texts.map((Value, i) => ({ Name: `n${i}`, Value })),
    );
    await put(" \u0001<&>é", [{ Name: "\u0002", Value: "x" }]);
    const command = new GetAttributesCommand({ DomainName, ItemName: "i" });
    const { Attributes: found = [] } = await client.send(command);
    const plain = new Map(
      found.map(({ Name, Value, AlternateValueEncoding: encoding }) => [
        Name,
        encoding === "base64" ? Buffer.from(Value, "base64").toString() : Value,
      ]),
    );
    expect(texts.map((_, i) => plain.get(`n${i}`))).toEqual(texts);
    const encoded = found.filter((it) => it.AlternateValueEncoding !== undefined).map((it) => it.Name);
    expect(encoded.toSorted()).toEqual(["n6", "n7", "n8", "n9"]);
    const SelectExpression = `select * from ${DomainName} where itemName() < '!'`;
    const { Items: items = [] } = await client.send(new SelectCommand({ SelectExpression }));
    expect(items).toEqual([
      {
        Name: Buffer.from(" \u0001<&>é").toString("base64"),
        AlternateNameEncoding: "base64",
        Attributes: [{ Name: "Ag==", AlternateNameEncoding: "base64", Value: "x" }],
      },
    ]);
    expect(await names("where n1 = ' '")).toEqual(["i"]);
  });

  test("survive the cloud's end", async () => {
    const dir = await tempFolder();
    const first = await simpleDbCloud({ dir });
    await (await domain(first.client)).put("i", [{ Name: "a", Value: "1" }]);
    await first.cloud.close();
    const second = await simpleDbCloud({ dir });
    expect(await (await domain(second.client)).get("i")).toEqual(["a=1"]);
  });
});

describe("batches", () => {
  test("put and delete items of their own, all or none", async () => {
    const { client } = await simpleDbCloud();
    const { get, names } = await domain(client);
    await client.send(new BatchPutAttributesCommand({ DomainName, Items: itemsOf(["1", "2", "3"]) }));
    await expect(
      client.send(new BatchPutAttributesCommand({ DomainName, Items: itemsOf(["8", "x".repeat(1025)]) })),
    ).rejects.toEqual(refusal("InvalidParameterValue", 400));
    expect(await get("i0")).toEqual(["a=1"]);
    await client.send(
      new BatchDeleteAttributesCommand({
        DomainName,
        Items: [{ Name: "i0" }, { Name: "i1", Attributes: [{ Name: "a", Value: "9" }] }],
      }),
    );
    expect(await names("")).toEqual(["i1", "i2"]);
  });

  test.each([
    ["of nothing", [], "MissingParameter", 400],
    ["of 26 items", Array.from({ length: 26 }, (_, i) => `i${i}`), "NumberSubmittedItemsExceeded", 409],
    ["with an item twice", ["i", "j", "i"], "DuplicateItemName", 400],
    ["with an item without a name", [""], "InvalidParameterValue", 400],
  ])("%s are refused", async (_, names, code, status) => {
    const { client } = await simpleDbCloud();
    await domain(client);
    const Items = names.map((Name) => ({ Name, Attributes: [{ Name: "a", Value: "1" }] }));
    const put = client.send(new BatchPutAttributesCommand({ DomainName, Items }));
    await expect(put).rejects.toEqual(refusal(code, status));
    const deletion = client.send(new BatchDeleteAttributesCommand({ DomainName, Items }));
    await expect(deletion).rejects.toEqual(refusal(code, status));
  });
});

describe("limits", () => {
  test("of a call and of an item are 256 attributes", async () => {
    const { client } = await simpleDbCloud();
    const { put, get } = await domain(client);
    await put("i", many(256));
    await expect(put("j", many(257))).rejects.toEqual(refusal("NumberSubmittedAttributesExceeded", 409));
    await expect(put("i", many(1, "more"))).rejects.toEqual(refusal("NumberItemAttributesExceeded", 409));
    await put("i", [{ Name: "n0", Value: "other", Replace: true }]);
    expect(await get("i")).toHaveLength(256);
    expect(await get("j")).toEqual([]);
  });

  test("of names and values are 1,024 bytes of UTF-8", async () => {
    const { client } = await simpleDbCloud();
    const { put, get } = await domain(client);
    const [longest, tooLong] = ["é".repeat(512), `${"é".repeat(512)}x`];
    await put(longest, [{ Name: longest, Value: longest }]);
    expect(await get(longest)).toEqual([`${longest}=${longest}`]);
    for (const attempt of [
      put(tooLong, [{ Name: "a", Value: "1" }]),
      put("i", [{ Name: tooLong, Value: "1" }]),
      put("i", [{ Name: "a", Value: tooLong }]),
      put("", [{ Name: "a", Value: "1" }]),
      put("i", [{ Name: "", Value: "1" }]),
    ]) {
      await expect(attempt).rejects.toEqual(refusal("InvalidParameterValue", 400));
    }
    await expect(put("i", [])).rejects.toEqual(refusal("MissingParameter", 400));
    await expect(put("i", [{ Name: "a", Value: undefined as never }])).rejects.toEqual(
      refusal("MissingParameter", 400),
    );
    expect(await get("i")).toEqual([]);
  });
});
