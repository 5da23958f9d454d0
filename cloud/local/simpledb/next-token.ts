import { hash } from "node:crypto";
import { AwsError } from "../aws-error.ts";

/** Where a list goes on: after this item, and, when it is sorted by an attribute, after this value. */
export interface Position {
  item: string;
  value?: string;
}

/** `list` says what the token is good for; with any other list it is refused. */
export function tokenFor(list: string, position: Position): string {
  return Buffer.from(JSON.stringify({ list: fingerprint(list), ...position })).toString("base64");
}

/** Throws AwsError `InvalidNextToken`. */
export function readToken(token: string, list: string): Position {
  const refused = new AwsError("InvalidNextToken", "The specified next token is not valid.");
  let read: unknown;
  try {
    read = JSON.parse(Buffer.from(token, "base64").toString());
  } catch {
    throw refused;
  }
  if (typeof read !== "object" || read === null) throw refused;
  const { list: made, item, value } = read as Record<string, unknown>;
  if (made !== fingerprint(list) || typeof item !== "string") throw refused;
  if (value === undefined) return { item };
  if (typeof value !== "string") throw refused;
  return { item, value };
}

const fingerprint = (list: string) => hash("sha256", list, "base64").slice(0, 16);
