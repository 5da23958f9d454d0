import { AwsError } from "../aws-error.ts";
import type { SimpleDbState } from "./state.ts";
import type { Domain, Pair } from "./tables.ts";

/** What a call makes of one item. */
export interface Change {
  item: string;
  before: readonly Pair[];
  after: readonly Pair[];
}

const keyOf = ({ name, value }: Pair) => JSON.stringify([name, value]);

/** Pairs are a set: none stands twice. */
export function distinct(pairs: readonly Pair[]): Pair[] {
  return [...new Map(pairs.map((pair) => [keyOf(pair), pair])).values()];
}

/** Writes all changes, or, when they would break a limit of the item or the domain, throws AwsError and none. */
export function write(state: SimpleDbState, domain: Domain, changes: readonly Change[]): void {
  const { limits, tables } = state;
  const steps = changes.map((change) => stepOf(change));
  const pairs = steps.reduce((sum, it) => sum + it.added.length - it.removed.length, 0);
  const bytes = steps.reduce((sum, it) => sum + bytesOf(it.item, it.added) - bytesOf(it.item, it.removed), 0);
  if (changes.some(({ before, after }) => after.length > limits.itemPairs && after.length > before.length)) {
    throw new AwsError("NumberItemAttributesExceeded", "Too many attributes in this item.");
  }
  if (pairs > 0 && domain.pairs + pairs > limits.domainPairs) {
    throw new AwsError("NumberDomainAttributesExceeded", "Too many attributes in this domain.");
  }
  if (bytes > 0 && domain.bytes + bytes > limits.domainBytes) {
    throw new AwsError("NumberDomainBytesExceeded", "Too many bytes in this domain.");
  }
  for (const { item, removed, added, empty } of steps) {
    for (const pair of removed) tables.removePair(domain.id, item, pair);
    for (const pair of added) tables.addPair(domain.id, item, pair);
    if (empty) tables.removeItem(domain.id, item);
    else tables.addItem(domain.id, item);
  }
  if (pairs !== 0 || bytes !== 0) tables.grow(domain.id, pairs, bytes);
}

function stepOf({ item, before, after }: Change) {
  const old = new Set(before.map((pair) => keyOf(pair)));
  const kept = new Set(after.map((pair) => keyOf(pair)));
  return {
    item,
    removed: before.filter((pair) => !kept.has(keyOf(pair))),
    added: after.filter((pair) => !old.has(keyOf(pair))),
    empty: after.length === 0,
  };
}

function bytesOf(item: string, pairs: readonly Pair[]): number {
  return pairs.reduce((sum, { name, value }) => sum + Buffer.byteLength(item + name + value), 0);
}
