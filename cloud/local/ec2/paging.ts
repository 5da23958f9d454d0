import { AwsError } from "../aws-error.ts";
import { invalid, type Parameters } from "../simpledb/parameters.ts";

/** A part of a list, in the order of whole numbers that its members have, and where it goes on. */
export function pageOf<T>(
  parameters: Parameters,
  items: readonly T[],
  place: (item: T) => number,
  { least, most }: { least: number; most: number },
): { items: readonly T[]; nextToken: string | undefined } {
  const size = readSize(parameters, least, most);
  const after = readToken(parameters.optionalText("NextToken"));
  const left = items.filter((it) => place(it) > after);
  const page = left.slice(0, size);
  const last = page.at(-1);
  return {
    items: page,
    nextToken: left.length > page.length && last !== undefined ? tokenFor(place(last)) : undefined,
  };
}

function readSize(parameters: Parameters, least: number, most: number): number {
  const text = parameters.optionalText("MaxResults");
  if (text === undefined) return most;
  const size = Number(text);
  if (/^\d{1,9}$/.test(text) && size >= least) return Math.min(size, most);
  throw invalid(text, "maxResults", `Expecting a value from ${least} to ${most}.`);
}

const tokenFor = (place: number) => Buffer.from(`after:${place}`).toString("base64");

function readToken(token: string | undefined): number {
  if (token === undefined || token === "") return -1;
  const place = /^after:(\d+)$/.exec(Buffer.from(token, "base64").toString())?.[1];
  if (place !== undefined) return Number(place);
  throw new AwsError("InvalidNextToken", "The specified token is not valid.");
}
