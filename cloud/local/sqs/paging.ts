import { AwsError } from "../aws-error.ts";
import type { Input } from "./input.ts";
import type { LiveQueue } from "./live-queue.ts";

const MAX_RESULTS = 1000;

interface Paging {
  /** Undefined when the client did not ask for pages. */
  asked: number | undefined;
  /** The last name of the page before; "" for the first page. */
  after: string;
}

/** Throws AwsError `InvalidParameterValue`. */
export function readPaging(input: Input): Paging {
  const asked = input.optionalInteger("MaxResults", { min: 1, max: MAX_RESULTS });
  const token = input.optionalText("NextToken");
  if (token === undefined) return { asked, after: "" };
  const after = Buffer.from(token, "base64").toString();
  if (/^[A-Za-z0-9_-]{1,80}(\.fifo)?$/.test(after)) return { asked, after };
  throw new AwsError("InvalidParameterValue", "Invalid or expired next token.");
}

/** One page of queues, by name, with the token of the next. */
export function pageOf(
  queues: Iterable<LiveQueue>,
  { asked, after }: Paging,
): { page: LiveQueue[]; rest: { NextToken?: string } } {
  const names = new Map([...queues].map((queue) => [queue.name, queue]));
  const sorted = [...names.keys()].filter((name) => name > after).toSorted();
  const max = asked ?? MAX_RESULTS;
  const page = sorted.slice(0, max).flatMap((name) => names.get(name) ?? []);
  // As on AWS, only who asks for pages is told of a next one.
  const more = asked !== undefined && sorted.length > max;
  const NextToken = Buffer.from(page.at(-1)?.name ?? "").toString("base64");
  return { page, rest: more ? { NextToken } : {} };
}
