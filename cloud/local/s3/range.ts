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

/**
 * The part of its source that a copy asks for: `bytes=FIRST-LAST`, both named, both within the source. Undefined
 * for no header. Throws AwsError `InvalidArgument`.
 */
export function readRangeOf(header: string | undefined, bytes: number): ByteRange | undefined {
  if (header === undefined) return undefined;
  const refusal = (message: string) =>
    new AwsError("InvalidArgument", message, {
      ArgumentName: "x-amz-copy-source-range",
      ArgumentValue: header,
    });
  const match = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(header.trim());
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || first > last) {
    throw refusal(
      "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
    );
  }
  if (last < bytes) return { first, last };
  throw refusal(`Range specified is not valid for source object of size: ${bytes}`);
}
