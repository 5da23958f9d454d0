import { describe, expect, test } from "vitest";
import {
  CreateDomainCommand,
  DeleteDomainCommand,
  DomainMetadataCommand,
  ListDomainsCommand,
  paginateListDomains,
} from "../../cloud/aws/simpledb/index.ts";
import { DomainName, domain, refusal, simpleDbCloud } from "../support/simpledb.ts";

describe("domains", () => {
  test("are created once, listed in pages, and deleted with all they hold", async () => {
    const { client } = await simpleDbCloud();
    for (const name of ["ddd", "ccc", "b.b", "a-a", "A_A", "ddd"]) {
      await client.send(new CreateDomainCommand({ DomainName: name }));
    }
    const { DomainNames: all, NextToken: none } = await client.send(new ListDomainsCommand({}));
    expect(all).toEqual(["A_A", "a-a", "b.b", "ccc", "ddd"]);
    expect(none).toBeUndefined();
    const pages: (string[] | undefined)[] = [];
    for await (const page of paginateListDomains({ client }, { MaxNumberOfDomains: 2 }))
      pages.push(page.DomainNames);
    expect(pages).toEqual([["A_A", "a-a"], ["b.b", "ccc"], ["ddd"]]);

    const { put, get } = await domain(client);
    await put("i", [{ Name: "a", Value: "1" }]);
    await client.send(new DeleteDomainCommand({ DomainName }));
    await client.send(new DeleteDomainCommand({ DomainName }));
    await expect(get("i")).rejects.toEqual(refusal("NoSuchDomain", 400));
    await client.send(new CreateDomainCommand({ DomainName }));
    expect(await get("i")).toEqual([]);
  });

  test("know what they hold, in UTF-8 bytes", async () => {
    const { client } = await simpleDbCloud();
    const { put } = await domain(client);
    await put("é", [
      { Name: "a", Value: "1" },
      { Name: "a", Value: "22" },
      { Name: "ü", Value: "" },
    ]);
    await put("i", [{ Name: "a", Value: "1" }]);
    const before = Math.floor(Date.now() / 1000);
    const {
      $metadata: metadata,
      Timestamp: at,
      ...counts
    } = await client.send(new DomainMetadataCommand({ DomainName }));
    expect(counts).toEqual({
      ItemCount: 2,
      ItemNamesSizeBytes: 3,
      AttributeNameCount: 2,
      AttributeNamesSizeBytes: 3,
      AttributeValueCount: 4,
      AttributeValuesSizeBytes: 4,
    });
    expect(at).toBeGreaterThanOrEqual(before);
    expect(metadata).toMatchObject({ httpStatusCode: 200, boxUsage: expect.any(Number) as number });
    expect(metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.each([
    ["", "InvalidParameterValue"],
    ["ab", "InvalidParameterValue"],
    ["a b", "InvalidParameterValue"],
    ["x".repeat(256), "InvalidParameterValue"],
    [undefined, "MissingParameter"],
  ])("cannot be called %j", async (name, code) => {
    const { client } = await simpleDbCloud();
    const command = new CreateDomainCommand({ DomainName: name as string });
    await expect(client.send(command)).rejects.toEqual(refusal(code, 400));
  });

  test("are 250 at most", async () => {
    const { client } = await simpleDbCloud();
    await Promise.all(
      Array.from({ length: 250 }, (_, i) =>
        client.send(new CreateDomainCommand({ DomainName: `domain-${i}` })),
      ),
    );
    await expect(domain(client)).rejects.toEqual(refusal("NumberDomainsExceeded", 409));
    await client.send(new CreateDomainCommand({ DomainName: "domain-0" }));
    const { DomainNames: first } = await client.send(new ListDomainsCommand({}));
    expect(first).toHaveLength(100);
  });
});
