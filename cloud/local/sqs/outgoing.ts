import { hash } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import { put, type Outgoing } from "./changes.ts";
import type { Input } from "./input.ts";
import type { LiveQueue } from "./live-queue.ts";
import {
  attributesMd5,
  attributesSize,
  checkCharacters,
  readMessageAttributes,
} from "./message-attributes.ts";
import type { SqsState } from "./state.ts";

export interface Draft extends Outgoing {
  /** Body and attributes, as they count towards the limits. */
  bytes: number;
  attributesMd5: string | undefined;
}

/** Reads and checks a message to send; throws AwsError. */
export function readDraft(input: Input, queue: LiveQueue): Draft {
  for (const name of ["MessageSystemAttributes", "MessageGroupId", "MessageDeduplicationId"]) {
    if (input.has(name) && (name !== "MessageSystemAttributes" || input.object(name)?.names().length)) {
      throw new AwsError("UnsupportedOperation", `The embedded cloud does not support ${name}.`);
    }
  }
  const body = input.text("MessageBody");
  checkCharacters(body);
  const delayS = input.optionalInteger("DelaySeconds", { min: 0, max: 900 });
  const attributes = readMessageAttributes(input);
  const bytes = Buffer.byteLength(body) + (attributes === undefined ? 0 : attributesSize(attributes));
  const limit = queue.settings.maxMessageBytes;
  if (bytes > limit) {
    throw new AwsError(
      "InvalidParameterValue",
      `One or more parameters are invalid. Reason: Message must be shorter than ${limit} bytes.`,
    );
  }
  return {
    body,
    md5: hash("md5", body, "hex"),
    attributes: attributes === undefined ? null : JSON.stringify(attributes),
    attributesMd5: attributes === undefined ? undefined : attributesMd5(attributes),
    delayMs: delayS === undefined ? queue.settings.delayMs : delayS * 1000,
    bytes,
  };
}

/** Puts a draft in the queue and answers as SendMessage does. Inside a transaction. */
export function send(state: SqsState, queue: LiveQueue, draft: Draft): Record<string, unknown> {
  return {
    MessageId: put(state, queue, draft),
    MD5OfMessageBody: draft.md5,
    ...(draft.attributesMd5 === undefined ? {} : { MD5OfMessageAttributes: draft.attributesMd5 }),
  };
}
