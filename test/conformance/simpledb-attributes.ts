import assert from "node:assert/strict";
import {
  BatchDeleteAttributesCommand,
  BatchPutAttributesCommand,
  CreateDomainCommand,
  DeleteDomainCommand,
  DomainMetadataCommand,
  ListDomainsCommand,
} from "../../cloud/aws/simpledb/index.ts";
import { refused } from "./assertions.ts";
import { sdbGuide, type Check } from "./check.ts";
import { drop, get, pairs, put } from "./simpledb-calls.ts";
import type { World } from "./world.ts";

const puts = sdbGuide("SDB_API_PutAttributes");
const batches = sdbGuide("SDB_API_BatchPutAttributes");
const deletes = sdbGuide("SDB_API_DeleteAttributes");
const conditions = sdbGuide("ConditionalPut");
const limits = sdbGuide("SDBLimits");

const batchPut = (w: World, DomainName: string, items: readonly string[]) =>
  w.simpledb.send(
    new BatchPutAttributesCommand({
      DomainName,
      Items: items.map((Name) => ({ Name, Attributes: pairs("a=1") })),
    }),
  );

const numbered = (count: number) => Array.from({ length: count }, (_, n) => `i${n}`);

export const simpleDbAttributeChecks: readonly Check[] = [
  sdbGuide("SDB_API_CreateDomain")(
    "sdb-domain",
    "A domain is created once or more often, listed and deleted.",
    async (w) => {
      const DomainName = await w.makeDomain();
      await w.simpledb.send(new CreateDomainCommand({ DomainName }));
      const { DomainNames = [] } = await w.simpledb.send(new ListDomainsCommand({}));
      assert.ok(DomainNames.includes(DomainName));
      for (const _ of [1, 2]) await w.simpledb.send(new DeleteDomainCommand({ DomainName }));
    },
  ),
  sdbGuide("SDB_API_CreateDomain")(
    "sdb-domain-name",
    "Domain names are 3 to 255 of a-z, A-Z, 0-9, _, - and the period.",
    async (w) => {
      for (const DomainName of ["ab", "has space", "x".repeat(256)])
        await refused(w.simpledb.send(new CreateDomainCommand({ DomainName })), "InvalidParameterValue", 400);
    },
  ),
  sdbGuide("SDB_API_DomainMetadata")("sdb-metadata", "A domain knows how much it holds.", async (w) => {
    const DomainName = await w.makeDomain();
    await put(w, DomainName, "item", pairs("ab=1", "ab=22", "c=3"));
    const found = await w.simpledb.send(new DomainMetadataCommand({ DomainName }));
    assert.deepEqual([found.ItemCount, found.AttributeNameCount, found.AttributeValueCount], [1, 2, 3]);
    assert.deepEqual(
      [found.ItemNamesSizeBytes, found.AttributeNamesSizeBytes, found.AttributeValuesSizeBytes],
      [4, 3, 4],
    );
  }),
  puts("sdb-put", "Attributes are sets of values; putting adds to them.", async (w) => {
    const domain = await w.makeDomain();
    await put(w, domain, "i", pairs("a=1", "a=2", "b=x"));
    await put(w, domain, "i", pairs("a=2", "a=3"));
    assert.deepEqual(await get(w, domain, "i"), ["a=1", "a=2", "a=3", "b=x"]);
  }),
  puts(
    "sdb-put-replace",
    "With Replace the values of that attribute are replaced, others stay.",
    async (w) => {
      const domain = await w.makeDomain();
      await put(w, domain, "i", pairs("a=1", "a=2", "b=x"));
      await put(w, domain, "i", pairs("a:=9"));
      assert.deepEqual(await get(w, domain, "i"), ["a=9", "b=x"]);
    },
  ),
  puts("sdb-put-characters", "Values keep every character.", async (w) => {
    const domain = await w.makeDomain();
    const value = "ü <&>\"' =+%/?#~*!()\u{1F600}\r\n\t end ";
    await put(w, domain, "i ü/&", [{ Name: "n &<", Value: value }]);
    assert.deepEqual(await get(w, domain, "i ü/&"), [`n &<=${value}`]);
  }),
  puts("sdb-put-no-domain", "Putting into a domain that is not there is NoSuchDomain.", (w) =>
    refused(put(w, "drover_conformance_none", "i", pairs("a=1")), "NoSuchDomain", 400),
  ),
  sdbGuide("SDB_API_GetAttributes")(
    "sdb-get-missing",
    "An item that is not there has no attributes.",
    async (w) => {
      assert.deepEqual(await get(w, await w.makeDomain(), "nobody"), []);
    },
  ),
  deletes("sdb-delete", "Deletes take one value, one attribute, or the whole item.", async (w) => {
    const domain = await w.makeDomain();
    await put(w, domain, "i", pairs("a=1", "a=2", "b=1", "c=1"));
    await drop(w, domain, "i", [{ Name: "a", Value: "1" }, { Name: "b" }]);
    assert.deepEqual(await get(w, domain, "i"), ["a=2", "c=1"]);
    await drop(w, domain, "i");
    assert.deepEqual(await get(w, domain, "i"), []);
  }),
  deletes("sdb-delete-again", "Deleting again is no error.", async (w) => {
    const domain = await w.makeDomain();
    await put(w, domain, "i", pairs("a=1"));
    for (const _ of [1, 2]) await drop(w, domain, "i");
  }),
  batches("sdb-batch-put", "Up to 25 items are put in one request.", async (w) => {
    const domain = await w.makeDomain();
    await batchPut(w, domain, numbered(25));
    assert.deepEqual(await get(w, domain, "i24"), ["a=1"]);
    await refused(batchPut(w, domain, numbered(26)), "NumberSubmittedItemsExceeded", 409);
  }),
  batches("sdb-batch-duplicate", "An item stands in a batch once.", async (w) => {
    await refused(batchPut(w, await w.makeDomain(), ["i", "i"]), "DuplicateItemName", 400);
  }),
  sdbGuide("SDB_API_BatchDeleteAttributes")(
    "sdb-batch-delete",
    "Items are deleted in batches.",
    async (w) => {
      const DomainName = await w.makeDomain();
      await batchPut(w, DomainName, numbered(3));
      const Items = numbered(2).map((Name) => ({ Name }));
      await w.simpledb.send(new BatchDeleteAttributesCommand({ DomainName, Items }));
      assert.deepEqual([await get(w, DomainName, "i0"), await get(w, DomainName, "i2")], [[], ["a=1"]]);
    },
  ),
  conditions(
    "sdb-conditional-put",
    "A put that expects a value is made only when it is there.",
    async (w) => {
      const domain = await w.makeDomain();
      await put(w, domain, "i", pairs("v=1"));
      await put(w, domain, "i", pairs("v:=2"), { Name: "v", Value: "1", Exists: true });
      await refused(
        put(w, domain, "i", pairs("v:=3"), { Name: "v", Value: "1" }),
        "ConditionalCheckFailed",
        409,
      );
      assert.deepEqual(await get(w, domain, "i"), ["v=2"]);
    },
  ),
  conditions("sdb-conditional-create", "A put that expects nothing is made only once.", async (w) => {
    const domain = await w.makeDomain();
    const create = () => put(w, domain, "i", pairs("v=1"), { Name: "v", Exists: false });
    await create();
    await refused(create(), "ConditionalCheckFailed", 409);
  }),
  conditions(
    "sdb-conditional-missing",
    "Expecting a value of an attribute that is not there is AttributeDoesNotExist.",
    async (w) => {
      const domain = await w.makeDomain();
      await put(w, domain, "i", pairs("a=1"));
      const expected = { Name: "v", Value: "1", Exists: true };
      await refused(put(w, domain, "i", pairs("b=1"), expected), "AttributeDoesNotExist", 404);
    },
  ),
  conditions("sdb-conditional-race", "Of many who put on the same condition one wins.", async (w) => {
    const domain = await w.makeDomain();
    await put(w, domain, "i", pairs("owner=nobody"));
    const outcomes = await Promise.allSettled(
      numbered(10).map((me) =>
        put(w, domain, "i", pairs(`owner:=${me}`), { Name: "owner", Value: "nobody" }),
      ),
    );
    assert.equal(outcomes.filter((it) => it.status === "fulfilled").length, 1);
  }),
  sdbGuide("ConditionalDelete")(
    "sdb-conditional-delete",
    "A delete that expects a value is made only when it is there.",
    async (w) => {
      const domain = await w.makeDomain();
      await put(w, domain, "i", pairs("v=1"));
      await refused(
        drop(w, domain, "i", undefined, { Name: "v", Value: "2" }),
        "ConditionalCheckFailed",
        409,
      );
      await drop(w, domain, "i", undefined, { Name: "v", Value: "1" });
      assert.deepEqual(await get(w, domain, "i"), []);
    },
  ),
  limits("sdb-limit-value", "Names and values have 1,024 bytes at most.", async (w) => {
    const domain = await w.makeDomain();
    await put(w, domain, "i", pairs(`a=${"é".repeat(512)}`));
    await refused(put(w, domain, "i", pairs(`a=${"é".repeat(512)}x`)), "InvalidParameterValue", 400);
    await refused(put(w, domain, "x".repeat(1025), pairs("a=1")), "InvalidParameterValue", 400);
  }),
  limits("sdb-limit-attributes", "An item has 256 attribute name-value pairs at most.", async (w) => {
    const domain = await w.makeDomain();
    await put(w, domain, "i", pairs(...numbered(256).map((it) => `a=${it}`)));
    await refused(put(w, domain, "i", pairs("b=1")), "NumberItemAttributesExceeded", 409);
    await refused(
      put(w, domain, "j", pairs(...numbered(257).map((it) => `a=${it}`))),
      "NumberSubmittedAttributesExceeded",
      409,
    );
  }),
];
