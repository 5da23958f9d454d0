import type { Check } from "./check.ts";
import { ec2InstanceChecks } from "./ec2-instances.ts";
import { ec2TemplateChecks } from "./ec2-templates.ts";
import { imdsChecks } from "./imds.ts";
import { s3BucketChecks } from "./s3-buckets.ts";
import { s3ChecksumChecks } from "./s3-checksums.ts";
import { s3ConditionChecks } from "./s3-conditions.ts";
import { s3CopyChecks } from "./s3-copies.ts";
import { s3DeleteChecks } from "./s3-deletes.ts";
import { s3EventChecks } from "./s3-events.ts";
import { s3ListingChecks } from "./s3-listing.ts";
import { s3MultipartChecks } from "./s3-multipart.ts";
import { s3ObjectChecks } from "./s3-objects.ts";
import { s3SignatureChecks } from "./s3-signatures.ts";
import { simpleDbAttributeChecks } from "./simpledb-attributes.ts";
import { simpleDbSelectChecks } from "./simpledb-select.ts";
import { sqsDeadLetterChecks } from "./sqs-dead-letters.ts";
import { sqsFifoChecks } from "./sqs-fifo.ts";
import { sqsMessageChecks } from "./sqs-messages.ts";
import { sqsQueryChecks } from "./sqs-query.ts";
import { sqsQueueChecks } from "./sqs-queues.ts";
import { sqsVisibilityChecks } from "./sqs-visibility.ts";

/** Every check, in the order in which they are told. */
export const allChecks: readonly Check[] = [
  ...s3BucketChecks,
  ...s3ObjectChecks,
  ...s3ConditionChecks,
  ...s3ListingChecks,
  ...s3DeleteChecks,
  ...s3MultipartChecks,
  ...s3CopyChecks,
  ...s3ChecksumChecks,
  ...s3SignatureChecks,
  ...s3EventChecks,
  ...sqsQueueChecks,
  ...sqsMessageChecks,
  ...sqsVisibilityChecks,
  ...sqsDeadLetterChecks,
  ...sqsFifoChecks,
  ...sqsQueryChecks,
  ...simpleDbAttributeChecks,
  ...simpleDbSelectChecks,
  ...imdsChecks,
  ...ec2TemplateChecks,
  ...ec2InstanceChecks,
];
