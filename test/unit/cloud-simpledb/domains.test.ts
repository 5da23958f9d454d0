import type { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { allRows } from "../../../cloud/local/database.ts";
import { inProcess } from "./in-process.ts";

const rowsOf = (database: DatabaseSync, table: string) =>
  allRows<{ n: number }>(database.prepare(`SELECT count(*) AS n FROM simpledb_${table}`))[0]?.n;

describe("a deleted domain", () => {
  test("is gone at once, is removed bit by bit, and a new one of its name is empty", async () => {
    const { call, put, select, state } = inProcess();
    const { database } = state.tables;
    for (let i = 0; i < 350; i++) put(`i${i}`, [["a", "1"]]);
    const drop = () => state.group.run(() => call("DeleteDomain", { DomainName: "ddd" }));
    await drop();
    expect(() => select("select * from ddd")).toThrow("does not exist");
    await state.group.run(() => call("CreateDomain", { DomainName: "ddd" }));
    put("new", [["a", "1"]]);
    expect(select("select * from ddd").names).toEqual(["new"]);
    expect(rowsOf(database, "items")).toBeGreaterThan(1);
    await expect.poll(() => rowsOf(database, "dropped")).toBe(0);
    expect([rowsOf(database, "items"), rowsOf(database, "pairs")]).toEqual([1, 1]);
    expect(select("select * from ddd").names).toEqual(["new"]);
  });
});

describe("a domain's limits", () => {
  test("of attributes and bytes refuse what would pass them, and nothing else", () => {
    const { call, put, select } = inProcess({ domainPairs: 3, domainBytes: 20 });
    put("i", [
      ["a", "1"],
      ["b", "2"],
    ]);
    expect(() =>
      put("j", [
        ["a", "1"],
        ["b", "2"],
      ]),
    ).toThrow(expect.objectContaining({ code: "NumberDomainAttributesExceeded" }));
    expect(() => put("i", [["c", "x".repeat(20)]])).toThrow(
      expect.objectContaining({ code: "NumberDomainBytesExceeded" }),
    );
    expect(select("select * from ddd").names).toEqual(["i"]);
    put("i", [["a", "1"]]); // there already: it takes no room
    call("DeleteAttributes", { DomainName: "ddd", ItemName: "i" });
    put("j", [
      ["a", "1"],
      ["b", "2"],
    ]);
    expect(select("select * from ddd").names).toEqual(["j"]);
  });
});
