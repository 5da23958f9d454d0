import { DroverError } from "../../base/errors.ts";
import type { StatusRow, Store } from "../ports/store.ts";
import type { SimpleDBClient } from "./simpledb/client.ts";
import {
  BatchPutAttributesCommand,
  CreateDomainCommand,
  DeleteAttributesCommand,
  PutAttributesCommand,
} from "./simpledb/commands.ts";
import type { Item, ReplaceableItem } from "./simpledb/models.ts";
import { paginateSelect } from "./simpledb/paginate.ts";
import { activityItems } from "./simpledb-activity.ts";
import { readRecord, swapRecord } from "./simpledb-records.ts";
import { MAX_PAIRS, pairsOf, textOf, valuesOf } from "./simpledb-text.ts";

export interface SimpleDbStoreOptions {
  /** One item for each line of the activity log. */
  activityDomain: string;
  /** One item for each instance, and one for each record. */
  statusDomain: string;
  /** Ends what is under way, and lets nothing new begin. */
  signal?: AbortSignal;
}

/** A batch has at most 25 items and 1 MB, of which percent-encoding may make three. */
const BATCH_ITEMS = 25;
const BATCH_BYTES = 256 * 1024;

/** Activity log and instance status in two SimpleDB domains. Its methods throw `store-missing` without them. */
export function createSimpleDbStore(client: SimpleDBClient, options: SimpleDbStoreOptions): Store {
  const { activityDomain, statusDomain, signal } = options;
  const call = signal === undefined ? {} : { abortSignal: signal };
  return {
    appendActivity: async (instanceId, offset, lines) => {
      // One batch after the other: what is there is always the log's beginning.
      for (const Items of batches(activityItems(instanceId, offset, lines))) {
        await orMissing(
          client.send(new BatchPutAttributesCommand({ DomainName: activityDomain, Items }), call),
        );
      }
    },
    putStatus: async (row) => {
      const Attributes = statusAttributes(row);
      await orMissing(
        client.send(
          new PutAttributesCommand({ DomainName: statusDomain, ItemName: row.instanceId, Attributes }),
          call,
        ),
      );
    },
    listStatus: async () => {
      // Records, which lie beside them, have no such attribute.
      const SelectExpression = `select * from \`${statusDomain}\` where ${FIELDS} is not null limit 2500`;
      const rows: StatusRow[] = [];
      const pages = paginateSelect({ client }, { SelectExpression, ConsistentRead: true }, call);
      await orMissing(
        (async () => {
          for await (const { Items: items } of pages) rows.push(...(items ?? []).map((it) => rowOf(it)));
        })(),
      );
      return rows;
    },
    deleteStatus: async (ItemName) => {
      await orMissing(client.send(new DeleteAttributesCommand({ DomainName: statusDomain, ItemName }), call));
    },
    readRecord: (name) => orMissing(readRecord(client, statusDomain, name, call)),
    swapRecord: (name, text, seen) => orMissing(swapRecord(client, statusDomain, { name, text, seen }, call)),
  };
}

/** Creates the domains of a store; those that are there stay as they are. */
export async function ensureDomains(
  client: SimpleDBClient,
  { activityDomain, statusDomain }: SimpleDbStoreOptions,
): Promise<void> {
  for (const DomainName of [activityDomain, statusDomain]) {
    await client.send(new CreateDomainCommand({ DomainName }));
  }
}

async function orMissing<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "NoSuchDomain") throw error;
    const message = "The store's SimpleDB domains do not exist. Create them with: drover setup";
    throw new DroverError("store-missing", message, { cause: error });
  }
}

function* batches(items: readonly ReplaceableItem[]): Generator<ReplaceableItem[]> {
  let batch: ReplaceableItem[] = [];
  let bytes = 0;
  for (const item of items) {
    const more = item.Attributes.reduce((sum, it) => sum + Buffer.byteLength(it.Name + it.Value), 0);
    if (batch.length === BATCH_ITEMS || (batch.length > 0 && bytes + more > BATCH_BYTES)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(item);
    bytes += more;
  }
  if (batch.length > 0) yield batch;
}

/** Says which fields the row has now, and of which type: attributes of an older row stay, and are not read. */
const FIELDS = "fields";

function statusAttributes(row: StatusRow) {
  const fields = Object.entries(row).filter(([, value]) => value !== undefined);
  const pairs = fields.flatMap(([name, value]) => [
    { Name: FIELDS, Value: `${typeof value} ${name}` },
    ...pairsOf(name === FIELDS ? `${FIELDS}.` : name, String(value)),
  ]);
  if (pairs.length > MAX_PAIRS) {
    const message = `The status of ${row.instanceId} has ${pairs.length} values; SimpleDB keeps ${MAX_PAIRS}.`;
    throw new DroverError(
      "status-too-long",
      `${message} Offer fewer services on an instance, or use store: s3.`,
    );
  }
  return pairs.map((pair) => ({ ...pair, Replace: true }));
}

function rowOf({ Name: instanceId, Attributes: attributes }: Item): StatusRow {
  const values = valuesOf(attributes);
  const row: StatusRow = { instanceId, heartbeatAt: 0 };
  for (const field of values.get(FIELDS) ?? []) {
    const space = field.indexOf(" ");
    const [type, name] = [field.slice(0, space), field.slice(space + 1)];
    const text = textOf(values, name === FIELDS ? `${FIELDS}.` : name) ?? "";
    row[name] = type === "number" ? Number(text) : type === "boolean" ? text === "true" : text;
  }
  return row;
}
