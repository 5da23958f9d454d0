import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EC2Client } from "@aws-sdk/client-ec2";
import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import { SimpleDBClient } from "../../cloud/aws/simpledb/index.ts";
import { startCloud, type RunningCloud } from "../../cloud/local/server.ts";
import type { Signer } from "./raw.ts";

/** What is checked: AWS itself, or something that says it is like it. */
export interface Target {
  region: string;
  s3: S3Client;
  sqs: SQSClient;
  simpledb: SimpleDBClient;
  ec2: EC2Client;
  /** An image that instances can be launched from; undefined: none was named. */
  image: string | undefined;
  /** `https://…`, by service. */
  endpoints: Record<"s3" | "sqs" | "sdb" | "ec2", string>;
  credentials: () => Promise<Signer>;
  /** Starts an instance's metadata service; undefined where none can be started. */
  imds: (() => Promise<{ endpoint: string; close: () => Promise<void> }>) | undefined;
  close: () => Promise<void>;
}

/** Requests that AWS throttles are tried again; refusals are not. */
const ATTEMPTS = 4;

/** AWS itself (`aws`), or an endpoint that answers for all services, with credentials from the environment. */
export function remoteTarget(endpoint: string, region: string): Target {
  const common = { region, maxAttempts: ATTEMPTS, ...(endpoint === "aws" ? {} : { endpoint }) };
  const s3 = new S3Client({ ...common, forcePathStyle: true });
  const clients = {
    s3,
    sqs: new SQSClient(common),
    simpledb: new SimpleDBClient(common),
    ec2: new EC2Client(common),
  };
  const at = (service: string, host = `${service}.${region}.amazonaws.com`) =>
    endpoint === "aws" ? `https://${host}` : endpoint;
  const sdbHost = region === "us-east-1" ? "sdb.amazonaws.com" : `sdb.${region}.amazonaws.com`;
  return {
    region,
    ...clients,
    endpoints: { s3: at("s3"), sqs: at("sqs"), sdb: at("sdb", sdbHost), ec2: at("ec2") },
    image: process.env["CONFORMANCE_IMAGE"],
    credentials: () => s3.config.credentials(),
    imds: undefined,
    close: () => destroy(clients),
  };
}

/** An embedded cloud of its own, in a folder that is removed. */
export async function embeddedTarget(): Promise<Target> {
  const dir = await mkdtemp(join(tmpdir(), "drover-conformance-"));
  const cloud = await startCloud({ dir });
  const { endpoint, region, credentials } = cloud;
  const common = { endpoint, region, credentials, maxAttempts: ATTEMPTS };
  const clients = {
    s3: new S3Client({ ...common, forcePathStyle: true }),
    sqs: new SQSClient(common),
    simpledb: new SimpleDBClient(common),
    ec2: new EC2Client(common),
  };
  return {
    region,
    ...clients,
    endpoints: { s3: endpoint, sqs: endpoint, sdb: endpoint, ec2: endpoint },
    image: "ami-embedded",
    credentials: () => Promise.resolve(credentials),
    imds: () => cloud.startImds(),
    close: () => closeEmbedded(clients, cloud, dir),
  };
}

async function closeEmbedded(clients: Clients, cloud: RunningCloud, dir: string): Promise<void> {
  await destroy(clients);
  await cloud.close();
  await rm(dir, { recursive: true, force: true });
}

type Clients = Pick<Target, "s3" | "sqs" | "simpledb" | "ec2">;

function destroy({ s3, sqs, simpledb, ec2 }: Clients): Promise<void> {
  for (const client of [s3, sqs, simpledb, ec2]) client.destroy();
  return Promise.resolve();
}
