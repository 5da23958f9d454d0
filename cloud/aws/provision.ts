import { CreateBucketCommand, HeadBucketCommand } from "@aws-sdk/client-s3";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SetQueueAttributesCommand,
} from "@aws-sdk/client-sqs";
import type { S3Clients } from "./s3.ts";
import type { SqsClients } from "./sqs.ts";

/** A queue as it should be. Idempotent: an existing one gets these attributes and keeps its messages. */
export interface QueueSpec {
  name: string;
  retentionS: number;
  visibilityTimeoutS: number;
  /** Where SQS itself puts a message that was received too often. */
  deadLetter?: { name: string; maxReceiveCount: number };
}

/** Resolves to the queue's URL. */
export async function ensureQueue({ call }: SqsClients, spec: QueueSpec): Promise<string> {
  // Without attributes, so that an existing queue with other ones is no conflict.
  const { QueueUrl: url = "" } = await call.send(new CreateQueueCommand({ QueueName: spec.name }));
  const attributes: Record<string, string> = {
    MessageRetentionPeriod: String(spec.retentionS),
    VisibilityTimeout: String(spec.visibilityTimeoutS),
  };
  if (spec.deadLetter !== undefined) {
    const { name, maxReceiveCount } = spec.deadLetter;
    const dead = await call.send(new CreateQueueCommand({ QueueName: name }));
    const { Attributes: found } = await call.send(
      new GetQueueAttributesCommand({ QueueUrl: dead.QueueUrl, AttributeNames: ["QueueArn"] }),
    );
    attributes["RedrivePolicy"] = JSON.stringify({ deadLetterTargetArn: found?.QueueArn, maxReceiveCount });
  }
  await call.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: attributes }));
  return url;
}

/** True when it was created now, false when it was there. */
export async function ensureBucket({ call }: S3Clients, bucket: string): Promise<boolean> {
  try {
    await call.send(new HeadBucketCommand({ Bucket: bucket }));
    return false;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "NotFound") throw error;
  }
  const region = await call.config.region();
  // S3 refuses us-east-1 as a location constraint, and every other region without one.
  const place =
    region === "us-east-1"
      ? {}
      : { CreateBucketConfiguration: { LocationConstraint: region as "eu-west-1" } };
  await call.send(new CreateBucketCommand({ Bucket: bucket, ...place }));
  return true;
}
