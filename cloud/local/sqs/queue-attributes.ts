import { AwsError } from "../aws-error.ts";
import {
  readRedriveAllowPolicy,
  readRedrivePolicy,
  type RedriveAllowPolicy,
  type RedrivePolicy,
} from "./redrive-policy.ts";

/** Attributes that can be set, with their limits and defaults (SQS API reference, SetQueueAttributes). */
const numeric = {
  DelaySeconds: { min: 0, max: 900, initial: 0 },
  MaximumMessageSize: { min: 1024, max: 1_048_576, initial: 1_048_576 },
  MessageRetentionPeriod: { min: 60, max: 1_209_600, initial: 345_600 },
  ReceiveMessageWaitTimeSeconds: { min: 0, max: 20, initial: 0 },
  VisibilityTimeout: { min: 0, max: 43_200, initial: 30 },
} as const;

/** Of FIFO queues alone; a standard queue does not know the names. The first value is the default. */
const fifoOnly: Readonly<Record<string, readonly string[]>> = {
  ContentBasedDeduplication: ["false", "true"],
  DeduplicationScope: ["queue", "messageGroup"],
  FifoThroughputLimit: ["perQueue", "perMessageGroupId"],
};

/** Kept and told, without effect here. */
const kept = new Set(["Policy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"]);

type NumericName = keyof typeof numeric;

/** What a queue does, read from its attributes. */
export interface QueueSettings {
  delayMs: number;
  maxMessageBytes: number;
  retentionMs: number;
  waitMs: number;
  visibilityMs: number;
  redrive: RedrivePolicy | undefined;
  redriveAllow: RedriveAllowPolicy | undefined;
  contentDeduplication: boolean;
  /** Deduplication ids count within their message group, not in the whole queue. */
  deduplicationPerGroup: boolean;
}

export type AttributeMap = Readonly<Record<string, string>>;

const isNumeric = (name: string): name is NumericName => Object.hasOwn(numeric, name);

/**
 * Checks attributes to set against those the queue has already.
 * Throws AwsError `InvalidAttributeName`, `InvalidAttributeValue` or, for a policy, `InvalidParameterValue`.
 */
export function checkAttributes(changes: AttributeMap, fifo: boolean, before: AttributeMap = {}): void {
  for (const [name, value] of Object.entries(changes)) {
    if (isNumeric(name)) checkNumber(name, value, numeric[name]);
    else if (name === "RedrivePolicy") readRedrivePolicy(value);
    else if (name === "RedriveAllowPolicy") readRedriveAllowPolicy(value);
    else if (kept.has(name)) checkKept(name, value);
    else if (fifo && name === "FifoQueue") checkOneOf(name, value, ["true"]);
    else if (fifo && fifoOnly[name] !== undefined) checkOneOf(name, value, fifoOnly[name]);
    else throw new AwsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
  }
  const after = { ...before, ...changes };
  if (
    after["FifoThroughputLimit"] === "perMessageGroupId" &&
    after["DeduplicationScope"] !== "messageGroup"
  ) {
    throw new AwsError(
      "InvalidAttributeValue",
      "Invalid value for the parameter FifoThroughputLimit. Reason: The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.",
    );
  }
}

const invalid = (name: string, reason = "") =>
  new AwsError("InvalidAttributeValue", `Invalid value for the parameter ${name}.${reason}`);

function checkNumber(name: string, value: string, { min, max }: { min: number; max: number }): void {
  const number = Number(value);
  if (!/^\d{1,9}$/.test(value) || number < min || number > max) throw invalid(name);
}

function checkOneOf(name: string, value: string, values: readonly string[]): void {
  if (values.includes(value)) return;
  throw invalid(name, name === "FifoQueue" ? " Reason: Modifying queue type is not supported." : "");
}

function checkKept(name: string, value: string): void {
  if (name === "SqsManagedSseEnabled") checkOneOf(name, value, ["true", "false"]);
  if (name === "KmsDataKeyReusePeriodSeconds") checkNumber(name, value, { min: 60, max: 86_400 });
  if (name === "Policy" && value !== "" && !isJson(value)) throw invalid(name);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Every attribute with its value in force. What was set to the empty string is not there. */
export function attributesInForce(set: AttributeMap, fifo: boolean): Record<string, string> {
  const all: Record<string, string> = {};
  for (const [name, { initial }] of Object.entries(numeric)) all[name] = set[name] ?? String(initial);
  for (const name of ["RedrivePolicy", "RedriveAllowPolicy", ...kept]) if (set[name]) all[name] = set[name];
  // Encrypted with keys of SQS's own unless another key is named: the default of every queue since 2022.
  all["SqsManagedSseEnabled"] ??= String(!set["KmsMasterKeyId"]);
  if (fifo) {
    all["FifoQueue"] = "true";
    for (const [name, values] of Object.entries(fifoOnly)) all[name] = set[name] ?? values[0] ?? "";
  }
  return all;
}

export function settingsOf(set: AttributeMap): QueueSettings {
  const number = (name: NumericName) => Number(set[name] ?? numeric[name].initial);
  return {
    delayMs: number("DelaySeconds") * 1000,
    maxMessageBytes: number("MaximumMessageSize"),
    retentionMs: number("MessageRetentionPeriod") * 1000,
    waitMs: number("ReceiveMessageWaitTimeSeconds") * 1000,
    visibilityMs: number("VisibilityTimeout") * 1000,
    redrive: readRedrivePolicy(set["RedrivePolicy"] ?? ""),
    redriveAllow: readRedriveAllowPolicy(set["RedriveAllowPolicy"] ?? ""),
    contentDeduplication: set["ContentBasedDeduplication"] === "true",
    deduplicationPerGroup: set["DeduplicationScope"] === "messageGroup",
  };
}
