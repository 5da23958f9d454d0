import { hash } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import { put, type Outgoing } from "./changes.ts";
import { fifoFields, sequenceNumber } from "./fifo.ts";
import type { Input } from "./input.ts";
import type { LiveQueue } from "./live-queue.ts";
import {
  attributesMd5,
  attributesSize,
  checkCharacters,
  readMessageAttributes,
  readSystemAttributes,
} from "./message-attributes.ts";
import type { SqsState } from "./state.ts";

export interface Draft extends Outgoing {
  /** Body and attributes, as they count towards the limits. */
  bytes: number;
  attributesMd5: string | undefined;
  systemMd5: string | undefined;
  /** Of a FIFO queue: the message's own, or the digest of its body. */
  dedupId: string | undefined;
}

/** A second message with the same deduplication id within this time is not delivered. */
const DEDUPLICATION_MS = 5 * 60 * 1000;

/** Reads and checks a message to send; throws AwsError. */
export function readDraft(input: Input, queue: LiveQueue): Draft {
  const body = input.text("MessageBody");
  checkCharacters(body);
  const { group, dedupId } = fifoFields(input, queue, body);
  const delayMs = readDelay(input, queue);
  const attributes = readMessageAttributes(input);
  const trace = readSystemAttributes(input);
  const bytes = Buffer.byteLength(body) + (attributes === undefined ? 0 : attributesSize(attributes));
  const limit = queue.settings.maxMessageBytes;
  if (bytes > limit) {
    throw new AwsError(
      "InvalidParameterValue",
      `One or more parameters are invalid. Reason: Message must be shorter than ${limit} bytes.`,
    );
  }
  const system = {
    MessageGroupId: group,
    MessageDeduplicationId: dedupId,
    AWSTraceHeader: trace?.["AWSTraceHeader"]?.StringValue,
  };
  return {
    body,
    md5: hash("md5", body, "hex"),
    attributes: attributes === undefined ? null : JSON.stringify(attributes),
    attributesMd5: attributes === undefined ? undefined : attributesMd5(attributes),
    systemMd5: trace === undefined ? undefined : attributesMd5(trace),
    system: Object.values(system).every((it) => it === undefined) ? null : JSON.stringify(system),
    group: queue.fifo ? group : undefined,
    dedupId,
    delayMs,
    bytes,
  };
}

/** A FIFO queue has one delay for all, or messages would overtake each other. */
function readDelay(input: Input, queue: LiveQueue): number {
  const delayS = input.optionalInteger("DelaySeconds", { min: 0, max: 900 });
  if (!queue.fifo) return delayS === undefined ? queue.settings.delayMs : delayS * 1000;
  if (delayS !== undefined && delayS > 0) {
    throw new AwsError(
      "InvalidParameterValue",
      `Value ${delayS} for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.`,
    );
  }
  return queue.settings.delayMs;
}

/** Puts a draft in the queue and answers as SendMessage does. Inside a transaction. */
export function send(state: SqsState, queue: LiveQueue, draft: Draft): Record<string, unknown> {
  const { id, seq } = putOnce(state, queue, draft);
  return {
    MessageId: id,
    MD5OfMessageBody: draft.md5,
    ...(draft.attributesMd5 === undefined ? {} : { MD5OfMessageAttributes: draft.attributesMd5 }),
    ...(draft.systemMd5 === undefined ? {} : { MD5OfMessageSystemAttributes: draft.systemMd5 }),
    ...(queue.fifo ? { SequenceNumber: sequenceNumber(seq) } : {}),
  };
}

/** In a FIFO queue, a message that was sent before is the message of before. */
function putOnce(state: SqsState, queue: LiveQueue, draft: Draft): { id: string; seq: number } {
  const { dedupId, group } = draft;
  if (dedupId === undefined) return put(state, queue, draft);
  const now = state.clock.now();
  const scope = queue.settings.deduplicationPerGroup ? (group ?? "") : "";
  const known = state.deduplication.find(queue.origin, scope, dedupId, now);
  if (known !== undefined) return known;
  const made = put(state, queue, draft);
  state.deduplication.remember(queue.origin, scope, dedupId, made, now, now + DEDUPLICATION_MS);
  return made;
}
