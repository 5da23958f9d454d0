import { describe, expect, test } from "vitest";
import type { UpdateCondition } from "../../cloud/aws/simpledb/index.ts";
import { domain, refusal, simpleDbCloud } from "../support/simpledb.ts";

const single = (value: string) => [{ Name: "a", Value: value, Replace: true }];

describe("a condition", () => {
  test("lets one value, or none, through", async () => {
    const { client } = await simpleDbCloud();
    const { put, drop, get } = await domain(client);
    await put("i", single("1"), { Name: "a", Exists: false });
    await put("i", single("2"), { Name: "a", Value: "1" });
    await put("i", single("3"), { Name: "a", Value: "2", Exists: true });
    expect(await get("i")).toEqual(["a=3"]);
    await drop("i", [{ Name: "a" }], { Name: "a", Value: "3" });
    await drop("i", undefined, { Name: "a", Exists: false });
    expect(await get("i")).toEqual([]);
  });

  test.each<[string, UpdateCondition, string, number]>([
    ["another value", { Name: "a", Value: "9" }, "ConditionalCheckFailed", 409],
    ["a value where there is none", { Name: "b", Value: "1" }, "AttributeDoesNotExist", 404],
    ["none where there is one", { Name: "a", Exists: false }, "ConditionalCheckFailed", 409],
    ["one of several values", { Name: "m", Value: "1" }, "MultiValuedAttribute", 409],
    ["nothing in particular", { Name: "a" }, "IncompleteExpectedExpression", 400],
    ["a value that is not to exist", { Name: "a", Value: "1", Exists: false }, "ExistsAndExpectedValue", 400],
    ["a value of no attribute", { Value: "1" }, "MissingParameter", 400],
  ])("on %s is refused, and nothing is written", async (_, condition, code, status) => {
    const { client } = await simpleDbCloud();
    const { put, drop, get } = await domain(client);
    await put("i", [...single("1"), { Name: "m", Value: "1" }, { Name: "m", Value: "2" }]);
    await expect(put("i", single("8"), condition)).rejects.toEqual(refusal(code, status));
    await expect(drop("i", undefined, condition)).rejects.toEqual(refusal(code, status));
    expect(await get("i")).toEqual(["a=1", "m=1", "m=2"]);
  });

  test("has one winner, whoever asks at the same time", async () => {
    const { client } = await simpleDbCloud();
    const { put, get } = await domain(client);
    for (let round = 0; round < 5; round++) {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, i) =>
          put(`lease-${round}`, single(`owner-${i}`), { Name: "a", Exists: false }),
        ),
      );
      const winners = outcomes.flatMap((it, i) => (it.status === "fulfilled" ? [`a=owner-${i}`] : []));
      expect(winners).toHaveLength(1);
      expect(await get(`lease-${round}`)).toEqual(winners);
    }
  });
});
