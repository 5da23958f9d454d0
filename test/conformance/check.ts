import type { World } from "./world.ts";

/** One thing that AWS's documentation says, and code that finds out whether an endpoint does it. */
export interface Check {
  /** Stable, unique; starts with its area. */
  id: string;
  /** One sentence. */
  says: string;
  /** The AWS page that says so. */
  source: string;
  /** Rejects when the endpoint does otherwise. Cleans up through the world. */
  run: (world: World) => Promise<void>;
}

/** The checks of one page of AWS's documentation. */
export function page(source: string) {
  return (id: string, says: string, run: Check["run"]): Check => ({ id, says, source, run });
}

const docs = "https://docs.aws.amazon.com";

export const s3Api = (name: string) => page(`${docs}/AmazonS3/latest/API/${name}.html`);
export const s3Guide = (name: string) => page(`${docs}/AmazonS3/latest/userguide/${name}.html`);
export const sqsApi = (name: string) =>
  page(`${docs}/AWSSimpleQueueService/latest/APIReference/${name}.html`);
export const sqsGuide = (name: string) =>
  page(`${docs}/AWSSimpleQueueService/latest/SQSDeveloperGuide/${name}.html`);
export const sdbGuide = (name: string) => page(`${docs}/AmazonSimpleDB/latest/DeveloperGuide/${name}.html`);
export const ec2Guide = (name: string) => page(`${docs}/AWSEC2/latest/UserGuide/${name}.html`);
export const ec2Api = (name: string) => page(`${docs}/AWSEC2/latest/APIReference/${name}.html`);
export const ec2DevGuide = (name: string) => page(`${docs}/ec2/latest/devguide/${name}.html`);
export const iamGuide = (name: string) => page(`${docs}/IAM/latest/UserGuide/${name}.html`);
