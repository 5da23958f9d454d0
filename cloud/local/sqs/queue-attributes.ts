import { AwsError } from "../aws-error.ts";

/** Attributes that can be set, with their limits and defaults (SQS API reference, SetQueueAttributes). */
const numeric = {
  DelaySeconds: { min: 0, max: 900, initial: 0 },
  MaximumMessageSize: { min: 1024, max: 1_048_576, initial: 1_048_576 },
  MessageRetentionPeriod: { min: 60, max: 1_209_600, initial: 345_600 },
  ReceiveMessageWaitTimeSeconds: { min: 0, max: 20, initial: 0 },
  VisibilityTimeout: { min: 0, max: 43_200, initial: 30 },
} as const;

type NumericName = keyof typeof numeric;

interface RedrivePolicy {
  deadLetterTargetArn: string;
  /** A message received this many times moves instead of being received once more. */
  maxReceiveCount: number;
}

/** What a queue does, read from its attributes. */
export interface QueueSettings {
  delayMs: number;
  maxMessageBytes: number;
  retentionMs: number;
  waitMs: number;
  visibilityMs: number;
  redrive: RedrivePolicy | undefined;
}

export type AttributeMap = Readonly<Record<string, string>>;

const isNumeric = (name: string): name is NumericName => Object.hasOwn(numeric, name);

/** Throws AwsError `InvalidAttributeName` or `InvalidAttributeValue` for what cannot be set. */
export function checkAttributes(attributes: AttributeMap): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (isNumeric(name)) checkNumber(name, value);
    else if (name === "RedrivePolicy") readRedrive(value);
    else throw new AwsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
  }
}

function checkNumber(name: NumericName, value: string): void {
  const { min, max } = numeric[name];
  const number = Number(value);
  if (!/^\d{1,9}$/.test(value) || number < min || number > max) {
    throw new AwsError("InvalidAttributeValue", `Invalid value for the parameter ${name}.`);
  }
}

function readRedrive(text: string): RedrivePolicy | undefined {
  if (text === "") return undefined; // AWS takes the empty string as "no policy"
  const refuse = (reason: string) =>
    new AwsError(
      "InvalidParameterValue",
      `Value ${text} for parameter RedrivePolicy is invalid. Reason: ${reason}`,
    );
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    throw refuse("Redrive policy is not a valid JSON map.");
  }
  if (typeof policy !== "object" || policy === null) throw refuse("Redrive policy is not a valid JSON map.");
  const { deadLetterTargetArn: arn, maxReceiveCount } = policy as Record<string, unknown>;
  const count = Number(maxReceiveCount);
  if (typeof arn !== "string")
    throw refuse("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
  if (maxReceiveCount === undefined) {
    throw refuse("Redrive policy does not contain mandatory attribute: maxReceiveCount.");
  }
  if (!Number.isInteger(count) || count < 1 || count > 1000) {
    throw refuse("Invalid value for maxReceiveCount: must be between 1 and 1000.");
  }
  return { deadLetterTargetArn: arn, maxReceiveCount: count };
}

/** Every settable attribute with its value in force. */
export function attributesInForce(set: AttributeMap): Record<string, string> {
  const all: Record<string, string> = {};
  for (const [name, { initial }] of Object.entries(numeric)) all[name] = set[name] ?? String(initial);
  if (set["RedrivePolicy"]) all["RedrivePolicy"] = set["RedrivePolicy"];
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
    redrive: readRedrive(set["RedrivePolicy"] ?? ""),
  };
}
