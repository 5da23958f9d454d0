import { createHash } from "node:crypto";
import { DroverError } from "../../base/errors.ts";
import type { StoredRecord } from "../ports/store.ts";
import type { SimpleDBClient } from "./simpledb/client.ts";
import { GetAttributesCommand, PutAttributesCommand } from "./simpledb/commands.ts";
import { MAX_PAIRS, pairsOf, textOf, valuesOf } from "./simpledb-text.ts";

/** No instance has a name with a slash. */
const PREFIX = "control/";
/** A write may name one expected attribute: this one, which every write changes. */
const VERSION = "version";
const TEXT = "text";
/** How many pieces the text has: those of an older, longer one stay beside them. */
const PIECES = "pieces";
/** What SimpleDB says when the expected attribute is another one, or not there. */
const LOST = new Set(["ConditionalCheckFailed", "AttributeDoesNotExist"]);

type Call = { abortSignal?: AbortSignal };

/** See Store.readRecord. */
export async function readRecord(
  client: SimpleDBClient,
  domain: string,
  name: string,
  call: Call,
): Promise<StoredRecord | undefined> {
  const get = { DomainName: domain, ItemName: `${PREFIX}${name}`, ConsistentRead: true };
  const { Attributes: attributes } = await client.send(new GetAttributesCommand(get), call);
  const values = valuesOf(attributes);
  const version = values.get(VERSION)?.[0];
  if (version === undefined) return undefined;
  const last = Number(values.get(PIECES)?.[0] ?? 1);
  values.delete(`${TEXT}.${last + 1}`);
  return { version, text: textOf(values, TEXT) ?? "" };
}

/** See Store.swapRecord. */
export async function swapRecord(
  client: SimpleDBClient,
  domain: string,
  { name, text, seen }: { name: string; text: string; seen: string | undefined },
  call: Call,
): Promise<string | undefined> {
  const version = createHash("sha256").update(text).digest("hex");
  const pieces = pairsOf(TEXT, text);
  const pairs = [
    { Name: VERSION, Value: version },
    { Name: PIECES, Value: String(pieces.length) },
    ...pieces,
  ];
  if (pairs.length > MAX_PAIRS) {
    const message = `The record ${name} has ${text.length} characters, more than SimpleDB keeps. Use store: s3.`;
    throw new DroverError("record-too-long", message);
  }
  const put = {
    DomainName: domain,
    ItemName: `${PREFIX}${name}`,
    Attributes: pairs.map((pair) => ({ ...pair, Replace: true })),
    Expected: seen === undefined ? { Name: VERSION, Exists: false } : { Name: VERSION, Value: seen },
  };
  try {
    await client.send(new PutAttributesCommand(put), call);
    return version;
  } catch (error) {
    if (error instanceof Error && LOST.has(error.name)) return undefined;
    throw error;
  }
}
