import { AwsError } from "../aws-error.ts";

/** First and last byte, both included. */
export interface ByteRange {
  first: number;
  last: number;
}

/**
 * The part a Range header asks for. Undefined for no header, one we do not understand, or several ranges, which
 * S3 does not support: then the whole object is the answer. Throws AwsError `InvalidRange`.
 */
export function readRange(header: string | undefined, bytes: number): ByteRange | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const [from, to] = [match[1] ?? "", match[2] ?? ""];
  if (from !== "" && to !== "" && Number(to) < Number(from)) return undefined; // syntactically no range
  const first = from === "" ? Math.max(0, bytes - Number(to)) : Number(from);
  const last = from === "" || to === "" ? bytes - 1 : Math.min(Number(to), bytes - 1);
  if (first > last) {
    throw new AwsError("InvalidRange", "The requested range is not satisfiable", {
      RangeRequested: header ?? "",
      ActualObjectSize: String(bytes),
    });
  }
  return { first, last };
}
