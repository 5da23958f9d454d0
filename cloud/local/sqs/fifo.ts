import { hash } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import type { Input } from "./input.ts";
import type { LiveQueue } from "./live-queue.ts";

/** 128 letters, digits and ASCII punctuation (API reference, SendMessage). */
const TOKEN = /^[\u0021-\u007e]{1,128}$/;

/** Throws AwsError `InvalidParameterValue`. */
export function optionalToken(input: Input, name: string): string | undefined {
  const value = input.optionalText(name);
  if (value === undefined || TOKEN.test(value)) return value;
  throw new AwsError(
    "InvalidParameterValue",
    `Value ${value} for parameter ${name} is invalid. Reason: ${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  );
}

/** What the queue's type makes of the group and the deduplication id of a message; throws AwsError. */
export function fifoFields(
  input: Input,
  queue: LiveQueue,
  body: string,
): { group: string | undefined; dedupId: string | undefined } {
  const group = optionalToken(input, "MessageGroupId");
  const dedupId = optionalToken(input, "MessageDeduplicationId");
  if (!queue.fifo) {
    if (dedupId !== undefined) throw notForThisType("MessageDeduplicationId", dedupId);
    return { group, dedupId: undefined };
  }
  if (group === undefined) {
    throw new AwsError("MissingParameter", "The request must contain the parameter MessageGroupId.");
  }
  if (dedupId === undefined && !queue.settings.contentDeduplication) {
    throw new AwsError(
      "InvalidParameterValue",
      "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    );
  }
  return { group, dedupId: dedupId ?? hash("sha256", body, "hex") };
}

export const notForThisType = (name: string, value: string) =>
  new AwsError(
    "InvalidParameterValue",
    `Value ${value} for parameter ${name} is invalid. Reason: The request includes a parameter that is not valid for this queue type.`,
  );

/** AWS's are 20 digits long, rise, and leave gaps. */
const FIRST = 18_800_000_000_000_000_000n;
const STEP = 256n;

/** The SequenceNumber of a FIFO queue's message; rises with every message of the cloud. */
export const sequenceNumber = (seq: number) => String(FIRST + BigInt(seq) * STEP);
