import { AwsError } from "../../aws-error.ts";
import { urlOf, type Operation } from "../operation.ts";

const MAX_RESULTS = 1000;

export const listQueues: Operation = async (state, input, caller) => {
  const prefix = input.optionalText("QueueNamePrefix") ?? "";
  const asked = input.optionalInteger("MaxResults", { min: 1, max: MAX_RESULTS });
  const after = readToken(input.optionalText("NextToken"));
  const names = await state.group.run(() =>
    [...state.queues.keys()].filter((name) => name.startsWith(prefix) && name > after).toSorted(),
  );
  const max = asked ?? MAX_RESULTS;
  const page = names.slice(0, max);
  const urls = page.flatMap((name) => {
    const queue = state.queues.get(name);
    return queue === undefined ? [] : [urlOf(state, caller, queue)];
  });
  // As on AWS, only who asks for pages is told of a next one.
  const more = asked !== undefined && names.length > max;
  const token = Buffer.from(page.at(-1) ?? "").toString("base64");
  return { output: { QueueUrls: urls, ...(more ? { NextToken: token } : {}) } };
};

/** The last name of the page before; "" for the first page. */
function readToken(token: string | undefined): string {
  if (token === undefined) return "";
  const name = Buffer.from(token, "base64").toString();
  if (/^[A-Za-z0-9_-]{1,80}$/.test(name)) return name;
  throw new AwsError("InvalidParameterValue", "Invalid or expired next token.");
}
