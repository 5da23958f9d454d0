import type { Limits } from "../../../cloud/local/simpledb/limits.ts";
import { GroupCommit } from "../../../cloud/local/group-commit.ts";
import { operations } from "../../../cloud/local/simpledb/operations.ts";
import { Parameters } from "../../../cloud/local/simpledb/parameters.ts";
import { openSimpleDb } from "../../../cloud/local/simpledb/service.ts";
import { createSimClock } from "../../support/sim-clock.ts";
import { temporaryDatabase } from "../cloud-local/database.ts";

export interface Found {
  names: string[];
  token: string | undefined;
}

/** SimpleDB's operations over a database of their own, without the wire. */
export function inProcess(limits: Partial<Limits> = {}) {
  const database = temporaryDatabase();
  const state = openSimpleDb({
    database,
    group: new GroupCommit(database),
    clock: createSimClock(),
    credentials: () => undefined,
    report: (error) => {
      throw error;
    },
    limits,
  });
  const call = (action: string, parameters: Record<string, string>) =>
    operations.get(action)?.(state, Parameters.of(Object.entries(parameters)));
  const select = (expression: string, token?: string): Found => {
    const result = call("Select", {
      SelectExpression: expression,
      ...(token === undefined ? {} : { NextToken: token }),
    });
    const items = (result?.["Item"] ?? []) as { Name: string }[];
    return { names: items.map((it) => it.Name), token: result?.["NextToken"] as string | undefined };
  };
  const put = (item: string, attributes: readonly (readonly [name: string, value: string])[]) =>
    call("PutAttributes", {
      DomainName: "ddd",
      ItemName: item,
      ...Object.fromEntries(
        attributes.flatMap(([name, value], i) => [
          [`Attribute.${i + 1}.Name`, name],
          [`Attribute.${i + 1}.Value`, value],
        ]),
      ),
    });
  call("CreateDomain", { DomainName: "ddd" });
  return { state, call, select, put };
}
