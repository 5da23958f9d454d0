import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S3Client } from "@aws-sdk/client-s3";
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { onTestFinished } from "vitest";
import type { Clock } from "../../../base/clock.ts";
import type { NastyOptions } from "../../../cloud/local/nasty/faults.ts";
import type { Provision } from "../../../cloud/local/provision.ts";
import { startCloud, type RunningCloud } from "../../../cloud/local/server.ts";

/** A folder that is gone when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "drover-cloud-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface TestCloud extends RunningCloud {
  sqs: SQSClient;
  s3: S3Client;
  /** What the cloud reported as its own failures; a test that does not expect any checks that it is empty. */
  reports: unknown[];
}

/** A cloud with real SDK clients, closed when the test is over. */
export async function testCloud(
  options: { dir?: string; clock?: Clock; provision?: Provision; nasty?: NastyOptions } = {},
): Promise<TestCloud> {
  const reports: unknown[] = [];
  const dir = options.dir ?? (await temporaryFolder());
  const cloud = await startCloud({ ...options, dir, report: (error) => reports.push(error) });
  const clients = clientsOf(cloud);
  onTestFinished(async () => {
    clients.sqs.destroy();
    clients.s3.destroy();
    await cloud.close();
  });
  return { ...cloud, ...clients, reports };
}

/** Two attempts: the second one carries the cloud's time when a test has moved its clock. */
export function clientsOf(cloud: Pick<RunningCloud, "endpoint" | "region" | "credentials">, maxAttempts = 2) {
  const { endpoint, region, credentials } = cloud;
  const config = { endpoint, region, credentials, maxAttempts };
  return { sqs: new SQSClient(config), s3: new S3Client({ ...config, forcePathStyle: true }) };
}

export async function makeQueue(
  cloud: Pick<TestCloud, "sqs">,
  QueueName = "jobs",
  Attributes: Record<string, string> = {},
): Promise<string> {
  const { QueueUrl } = await cloud.sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  return QueueUrl ?? "";
}
