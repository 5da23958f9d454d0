import { randomBytes } from "node:crypto";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  AbortMultipartUploadCommand,
  PutObjectCommand,
  type GetObjectCommandInput,
  type PutObjectCommandInput,
  type S3Client,
} from "@aws-sdk/client-s3";
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  type QueueAttributeName,
} from "@aws-sdk/client-sqs";
import { CreateDomainCommand, DeleteDomainCommand } from "../../cloud/aws/simpledb/index.ts";
import { exchange, signed, type RawAnswer, type RawRequest } from "./raw.ts";
import type { Target } from "./target.ts";

/** What a check works with. Whatever it makes has a name of its own and is removed when the check is over. */
export interface World extends Target {
  /** The run's bucket, shared; a check uses keys under `key(…)` only. */
  bucket: string;
  /** A key that no other check uses. */
  key: (name: string) => string;
  /** Calls `work` when the check is over, last registered first. */
  after: (work: () => Promise<unknown>) => void;
  put: (key: string, body: string | Uint8Array, more?: Partial<PutObjectCommandInput>) => Promise<string>;
  get: (key: string, more?: Partial<GetObjectCommandInput>) => Promise<Got>;
  /** A bucket, queue or domain for this check alone. */
  makeBucket: () => Promise<string>;
  makeQueue: (attributes?: Partial<Record<QueueAttributeName, string>>) => Promise<Queue>;
  makeDomain: () => Promise<string>;
  raw: (wanted: RawRequest) => Promise<RawAnswer>;
}

export interface Queue {
  url: string;
  arn: string;
}

type Got = Awaited<ReturnType<typeof getObject>>;

/** Short enough for every kind of name, long enough never to meet another run's. */
const unique = () => randomBytes(6).toString("hex");

/** The world of one check. */
export function openWorld(
  target: Target,
  bucket: string,
): { world: World; cleanUp: () => Promise<unknown[]> } {
  const works: (() => Promise<unknown>)[] = [];
  const after = (work: () => Promise<unknown>) => void works.push(work);
  const prefix = `drover-conformance-${unique()}/`;
  const { s3 } = target;
  const world: World = {
    ...target,
    bucket,
    key: (name) => prefix + name,
    after,
    put: async (Key, Body, more = {}) =>
      (await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ...more }))).ETag ?? "",
    get: (key, more = {}) => getObject(s3, bucket, key, more),
    makeBucket: () => makeBucket(target, after),
    makeQueue: (attributes = {}) => makeQueue(target, after, attributes),
    makeDomain: () => makeDomain(target, after),
    raw: async (wanted) => {
      const endpoint = target.endpoints[wanted.service as "s3" | "sqs" | "sdb" | "ec2"];
      return exchange(endpoint, signed(endpoint, target.region, await target.credentials(), wanted));
    },
  };
  const cleanUp = async () => {
    const failures: unknown[] = [];
    for (const work of works.toReversed()) await work().catch((error: unknown) => failures.push(error));
    return failures;
  };
  return { world, cleanUp };
}

async function getObject(s3: S3Client, Bucket: string, Key: string, more: Partial<GetObjectCommandInput>) {
  const answer = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return { ...answer, text: (await answer.Body?.transformToString()) ?? "" };
}

type After = World["after"];

export async function makeBucket(target: Target, after: After): Promise<string> {
  const Bucket = `drover-conformance-${unique()}`;
  const LocationConstraint = target.region as "eu-west-1";
  await target.s3.send(
    new CreateBucketCommand({
      Bucket,
      ...(target.region === "us-east-1" ? {} : { CreateBucketConfiguration: { LocationConstraint } }),
    }),
  );
  after(() => removeBucket(target.s3, Bucket));
  return Bucket;
}

/** Empties a bucket and removes it; fine when it is gone already. */
async function removeBucket(s3: S3Client, Bucket: string): Promise<void> {
  try {
    const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
    for (const { Key, UploadId } of Uploads) {
      await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    }
    for (;;) {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
      if (Contents.length === 0) break;
      const Objects = Contents.map(({ Key }) => ({ Key }));
      await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    }
    await s3.send(new DeleteBucketCommand({ Bucket }));
  } catch (error) {
    if ((error as Error).name !== "NoSuchBucket") throw error;
  }
}

async function makeQueue(
  { sqs }: Target,
  after: After,
  Attributes: Partial<Record<QueueAttributeName, string>>,
): Promise<Queue> {
  const QueueName = `drover-conformance-${unique()}${Attributes.FifoQueue === "true" ? ".fifo" : ""}`;
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  after(async () => {
    try {
      await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    } catch (error) {
      if ((error as Error).name !== "QueueDoesNotExist") throw error;
    }
  });
  const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] });
  return { url: QueueUrl, arn: (await sqs.send(asked)).Attributes?.QueueArn ?? "" };
}

async function makeDomain({ simpledb }: Target, after: After): Promise<string> {
  const DomainName = `drover_conformance_${unique()}`;
  await simpledb.send(new CreateDomainCommand({ DomainName }));
  after(() => simpledb.send(new DeleteDomainCommand({ DomainName })));
  return DomainName;
}
