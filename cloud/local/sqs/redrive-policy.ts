import { AwsError } from "../aws-error.ts";

export interface RedrivePolicy {
  deadLetterTargetArn: string;
  /** A message received this many times moves instead of being received once more. */
  maxReceiveCount: number;
}

/** Which queues may name this one as their dead-letter queue. */
export interface RedriveAllowPolicy {
  redrivePermission: "allowAll" | "denyAll" | "byQueue";
  sourceQueueArns: readonly string[];
}

const MAX_SOURCES = 10;

/** Undefined for "": AWS takes the empty string as "no policy". Throws AwsError `InvalidParameterValue`. */
export function readRedrivePolicy(text: string): RedrivePolicy | undefined {
  const name = "RedrivePolicy";
  if (text === "") return undefined;
  const { deadLetterTargetArn: arn, maxReceiveCount } = jsonMap(name, text);
  const count = Number(maxReceiveCount);
  if (typeof arn !== "string") {
    throw invalidPolicy(
      name,
      text,
      "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.",
    );
  }
  if (maxReceiveCount === undefined) {
    throw invalidPolicy(name, text, "Redrive policy does not contain mandatory attribute: maxReceiveCount.");
  }
  if (!Number.isInteger(count) || count < 1 || count > 1000) {
    throw invalidPolicy(name, text, "Invalid value for maxReceiveCount: must be between 1 and 1000.");
  }
  return { deadLetterTargetArn: arn, maxReceiveCount: count };
}

/** Undefined for "". Throws AwsError `InvalidParameterValue`. */
export function readRedriveAllowPolicy(text: string): RedriveAllowPolicy | undefined {
  const name = "RedriveAllowPolicy";
  if (text === "") return undefined;
  const { redrivePermission, sourceQueueArns } = jsonMap(name, text);
  if (
    redrivePermission !== "allowAll" &&
    redrivePermission !== "denyAll" &&
    redrivePermission !== "byQueue"
  ) {
    throw invalidPolicy(name, text, "redrivePermission must be allowAll, denyAll or byQueue.");
  }
  if ((redrivePermission === "byQueue") !== (sourceQueueArns !== undefined)) {
    throw invalidPolicy(
      name,
      text,
      "sourceQueueArns must be given with redrivePermission byQueue, and with no other.",
    );
  }
  const arns: unknown = sourceQueueArns ?? [];
  if (!Array.isArray(arns) || arns.length > MAX_SOURCES || arns.some((arn) => typeof arn !== "string")) {
    throw invalidPolicy(name, text, `sourceQueueArns must be a list of at most ${MAX_SOURCES} ARNs.`);
  }
  return { redrivePermission, sourceQueueArns: arns as string[] };
}

/** Whether the queue with this ARN may use a queue as its dead-letter queue. */
export function allowsSource(policy: RedriveAllowPolicy | undefined, arn: string): boolean {
  if (policy === undefined || policy.redrivePermission === "allowAll") return true;
  return policy.redrivePermission === "byQueue" && policy.sourceQueueArns.includes(arn);
}

function jsonMap(name: string, text: string): Record<string, unknown> {
  const refusal = () =>
    invalidPolicy(
      name,
      text,
      `${name === "RedrivePolicy" ? "Redrive policy" : name} is not a valid JSON map.`,
    );
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    throw refusal();
  }
  if (typeof policy !== "object" || policy === null || Array.isArray(policy)) throw refusal();
  return policy as Record<string, unknown>;
}

export const invalidPolicy = (name: string, text: string, reason: string) =>
  new AwsError("InvalidParameterValue", `Value ${text} for parameter ${name} is invalid. Reason: ${reason}`);
