import { AwsError } from "../aws-error.ts";
import type { ObjectHead } from "./object-table.ts";

/** Why a request is not carried out: the answer is 304, or 412 naming the condition. */
const failed = (condition: string) =>
  new AwsError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", {
    Condition: condition,
  });

type Headers = ReadonlyMap<string, string>;

/**
 * Conditions of PUT and DELETE. Called in the transaction that writes, so of many that ask for the same absent
 * key exactly one wins. Throws AwsError `PreconditionFailed`, `NoSuchKey`, `NotImplemented`.
 */
export function checkWrite(headers: Headers, current: ObjectHead | undefined): void {
  const none = headers.get("if-none-match");
  if (none !== undefined) {
    if (none.trim() !== "*") {
      throw new AwsError(
        "NotImplemented",
        "A header you provided implies functionality that is not implemented",
        {
          Header: "If-None-Match",
        },
      );
    }
    if (current !== undefined) throw failed("If-None-Match");
  }
  const match = headers.get("if-match");
  if (match === undefined) return;
  if (current === undefined) throw new AwsError("NoSuchKey", "The specified key does not exist.");
  if (!matches(match, current.etag)) throw failed("If-Match");
}

/**
 * Conditions of GET and HEAD (RFC 9110, section 13.2.2); those of a copy have a prefix. Throws AwsError
 * `PreconditionFailed` or `NotModified`.
 */
export function checkRead(headers: Headers, current: ObjectHead, prefix = ""): void {
  const modifiedS = Math.floor(current.modified_ms / 1000);
  const match = headers.get("if-match");
  const unmodifiedSince = seconds(headers.get("if-unmodified-since"));
  if (match !== undefined) {
    if (!matches(match, current.etag)) throw failed(`${prefix}If-Match`);
  } else if (unmodifiedSince !== undefined && modifiedS > unmodifiedSince) {
    throw failed(`${prefix}If-Unmodified-Since`);
  }
  const none = headers.get("if-none-match");
  const modifiedSince = seconds(headers.get("if-modified-since"));
  const unchanged =
    none === undefined
      ? modifiedSince !== undefined && modifiedS <= modifiedSince
      : matches(none, current.etag);
  if (unchanged) throw new AwsError("NotModified", "Not Modified", { ETag: `"${current.etag}"` });
}

function matches(list: string, etag: string): boolean {
  return list.split(",").some((one) => {
    const text = one.trim();
    return text === "*" || text.replace(/^W\//, "").replaceAll('"', "") === etag;
  });
}

/** Undefined for an absent date, and for an invalid one, which HTTP says to ignore. */
function seconds(date: string | undefined): number | undefined {
  const ms = Date.parse(date ?? "");
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}
