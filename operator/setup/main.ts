import { Command } from "commander";
import type { Config } from "../../base/config/config.ts";
import { DroverError, reasonOf } from "../../base/errors.ts";
import { exitCodeOf } from "../../base/system/cli.ts";
import { root } from "../../base/system/root.ts";
import { loadSettings } from "../../base/system/settings.ts";
import { ensureBucket, ensureQueue } from "../../cloud/aws/provision.ts";
import { closeS3Clients, createS3Clients } from "../../cloud/aws/s3.ts";
import { closeSqsClients, createSqsClients } from "../../cloud/aws/sqs.ts";
import { ensureStore } from "../../cloud/aws/store.ts";
import { queuePlans } from "./setup.ts";

/** `drover setup`: creates what is missing, adjusts what differs, loses nothing. */
export function main(argv: string[]): Promise<number> {
  const command = new Command("drover setup")
    .description("Create the fleet's queues and bucket, or bring existing ones in line. Safe to repeat.")
    .exitOverride()
    .option("--config <file>", "settings; drover.yaml in this folder when it is there")
    .action(async (flags: { config?: string }) => {
      const config = loadSettings(root, flags.config, {});
      const urls = await setUp(config);
      for (const url of urls) process.stdout.write(`queue   ${url}\n`);
      process.stdout.write(`bucket  ${config.bucket}\n`);
    });
  return exitCodeOf("drover setup", () => command.parseAsync(argv, { from: "user" }));
}

/** Resolves to the queues' URLs. Throws `cloud-unreachable`. */
export async function setUp(config: Config): Promise<string[]> {
  const sqs = createSqsClients();
  const s3 = createS3Clients();
  try {
    const urls: string[] = [];
    for (const plan of queuePlans(config)) urls.push(await ensureQueue(sqs, plan));
    await ensureBucket(s3, config.bucket);
    await ensureStore(config);
    return urls;
  } catch (error) {
    const advice = "Check AWS_ENDPOINT_URL, AWS_REGION, the credentials and their rights.";
    throw new DroverError(
      "cloud-unreachable",
      `The queues, the bucket or the store could not be made: ${reasonOf(error)}. ${advice}`,
      {
        cause: error,
      },
    );
  } finally {
    closeSqsClients(sqs);
    closeS3Clients(s3);
  }
}
