import {
  DeleteAttributesCommand,
  GetAttributesCommand,
  PutAttributesCommand,
  SelectCommand,
  type ReplaceableAttribute,
  type SelectResult,
  type UpdateCondition,
} from "../../cloud/aws/simpledb/index.ts";
import type { World } from "./world.ts";

/** `a=1` as an attribute to add, `a:=1` as one that replaces. */
export function pairs(...texts: string[]): ReplaceableAttribute[] {
  return texts.map((text) => {
    const replace = text.includes(":=");
    const [Name = "", Value = ""] = text.split(replace ? ":=" : "=");
    return { Name, Value, ...(replace ? { Replace: true } : {}) };
  });
}

export const put = (
  w: World,
  DomainName: string,
  ItemName: string,
  Attributes: ReplaceableAttribute[],
  Expected?: UpdateCondition,
) =>
  w.simpledb.send(
    new PutAttributesCommand({
      DomainName,
      ItemName,
      Attributes,
      ...(Expected === undefined ? {} : { Expected }),
    }),
  );

export const drop = (
  w: World,
  DomainName: string,
  ItemName: string,
  Attributes?: { Name: string; Value?: string }[],
  Expected?: UpdateCondition,
) =>
  w.simpledb.send(
    new DeleteAttributesCommand({
      DomainName,
      ItemName,
      ...(Attributes === undefined ? {} : { Attributes }),
      ...(Expected === undefined ? {} : { Expected }),
    }),
  );

/** An item as sorted texts `a=1`. */
export async function get(w: World, DomainName: string, ItemName: string): Promise<string[]> {
  const command = new GetAttributesCommand({ DomainName, ItemName, ConsistentRead: true });
  const { Attributes = [] } = await w.simpledb.send(command);
  return Attributes.map(({ Name, Value }) => `${Name}=${Value}`).toSorted();
}

export const select = (w: World, SelectExpression: string, NextToken?: string): Promise<SelectResult> =>
  w.simpledb.send(
    new SelectCommand({
      SelectExpression,
      ConsistentRead: true,
      ...(NextToken === undefined ? {} : { NextToken }),
    }),
  );

/** Names of the items that a where clause finds, in the order of the answer. */
export async function names(w: World, domain: string, rest: string): Promise<string[]> {
  const { Items = [] } = await select(w, `select itemName() from ${domain} ${rest}`);
  return Items.map((it) => it.Name ?? "");
}
