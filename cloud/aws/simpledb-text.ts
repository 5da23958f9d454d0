import type { Attribute } from "./simpledb/models.ts";

/** SimpleDB's limits: https://docs.aws.amazon.com/AmazonSimpleDB/latest/DeveloperGuide/SDBLimits.html */
export const MAX_VALUE_BYTES = 1024;
export const MAX_PAIRS = 256;

export interface Pair {
  Name: string;
  Value: string;
}

/**
 * A text of any length as pairs of at most 1,024 bytes: `name`, `name.2`, `name.3`… Joined in this order they are
 * the text. Half a surrogate pair, which UTF-8 cannot carry, becomes U+FFFD.
 */
export function pairsOf(name: string, text: string): Pair[] {
  return piecesOf(text.toWellFormed()).map((Value, i) => ({
    Name: i === 0 ? name : `${name}.${i + 1}`,
    Value,
  }));
}

function piecesOf(text: string): string[] {
  const bytes = Buffer.from(text);
  if (bytes.byteLength <= MAX_VALUE_BYTES) return [text];
  const pieces: string[] = [];
  for (let start = 0; start < bytes.byteLength;) {
    let end = Math.min(start + MAX_VALUE_BYTES, bytes.byteLength);
    // Not in the middle of a character: its further bytes start with the bits 10.
    while (end < bytes.byteLength && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
    pieces.push(bytes.toString("utf8", start, end));
    start = end;
  }
  return pieces;
}

/** The text that was put in under a name; undefined when there is none. */
export function textOf(values: ReadonlyMap<string, readonly string[]>, name: string): string | undefined {
  const first = values.get(name)?.[0];
  if (first === undefined) return undefined;
  let text = first;
  for (let i = 2; ; i++) {
    const next = values.get(`${name}.${i}`)?.[0];
    if (next === undefined) return text;
    text += next;
  }
}

/** All values of each attribute, decoded where XML could not carry them. */
export function valuesOf(attributes: readonly Attribute[] = []): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const it of attributes) {
    const name = decoded(it.Name, it.AlternateNameEncoding);
    const value = decoded(it.Value, it.AlternateValueEncoding);
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return values;
}

function decoded(text: string, encoding: string | undefined): string {
  return encoding === "base64" ? Buffer.from(text, "base64").toString() : text;
}
