import { GetObjectCommand, PutObjectCommand, type PutObjectCommandInput } from "@aws-sdk/client-s3";
import { testCloud, type TestCloud } from "./cloud.ts";

export const Bucket = "results";

export const start = () => testCloud({ provision: { buckets: [Bucket] } });

export const put = (
  cloud: TestCloud,
  Key: string,
  Body: string | Uint8Array,
  more: Partial<PutObjectCommandInput> = {},
) => cloud.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

export async function get(cloud: TestCloud, Key: string, more: Record<string, unknown> = {}) {
  const answer = await cloud.s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return { ...answer, text: await answer.Body?.transformToString() };
}
