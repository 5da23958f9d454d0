import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Command, Option } from "commander";
import { DroverError } from "../../base/errors.ts";
import { exitCodeOf } from "../../base/system/cli.ts";
import { readConfig } from "../../base/config/config.ts";
import { root } from "../../base/system/root.ts";
import { makeReleaseKey, publicWord, readReleaseKey } from "../../bootstrap/release/keys.ts";
import { templateData } from "../../cloud/aws/ec2-template.ts";
import { explain } from "./explain.ts";
import { machinePolicies, ROLES, SCALER_PLACES, type ScalerPlace } from "./machine-policies.ts";
import { peoplePolicies } from "./people-policies.ts";
import { settingsText } from "./settings.ts";
import { userData } from "./user-data.ts";

interface Flags {
  bucket: string;
  account: string;
  region: string;
  scaler: ScalerPlace;
  image?: string;
  dir: string;
}

/** `drover init`: everything a fleet needs in an account, as files to read first. Creates nothing in the account. */
export function main(argv: string[]): Promise<number> {
  const command = new Command("drover init")
    .description("Write drover.yaml, a signing key, IAM policies and user-data for a fleet in an account.")
    .exitOverride()
    .requiredOption("--bucket <name>", "the bucket of the fleet; names are taken worldwide")
    .requiredOption("--account <id>", "the account's number, twelve digits")
    .requiredOption("--region <name>", "eu-west-1, …")
    .addOption(
      new Option("--scaler <where>", "where the autoscaler runs")
        .choices(SCALER_PLACES)
        .default("control-host"),
    )
    .option("--image <ami>", "what instances start from; writes the launch template, too")
    .option("--dir <folder>", "where the files go; a drover.yaml and a key that are there stay", "fleet")
    .addHelpText(
      "after",
      "\nExample:\n  drover init --bucket acme-drover --account 123456789012 --region eu-west-1",
    )
    .action(init);
  return exitCodeOf("drover init", () => command.parseAsync(argv, { from: "user" }));
}

async function init({ bucket, account, region, scaler, image, dir: folder }: Flags): Promise<void> {
  if (!/^\d{12}$/.test(account) || !/^[a-z]{2}(?:-[a-z]+)+-\d$/.test(region)) {
    const message = "--account takes twelve digits, --region a name such as eu-west-1.";
    throw new DroverError("config-invalid", message);
  }
  const dir = resolve(folder);
  await mkdir(join(dir, "policies"), { recursive: true, mode: 0o700 });
  const write = (name: string, content: string | Uint8Array, mode = 0o600) =>
    writeFile(join(dir, name), content, { mode });
  const settingsFile = join(dir, "drover.yaml");
  if (!existsSync(settingsFile)) await write("drover.yaml", settingsText(bucket, region, scaler));
  const settings = await readFile(settingsFile, "utf8");
  const config = readConfig(settings, {});
  const keyFile = join(dir, "release.key");
  const key = existsSync(keyFile) ? await readReleaseKey(keyFile) : await makeReleaseKey(keyFile);
  const facts = {
    accountId: account,
    region,
    bucket: config.bucket,
    queues: config.queues,
    store: config.store,
  };
  const policies = { machines: machinePolicies(facts, scaler), people: peoplePolicies(facts) };
  for (const { name, document } of [...policies.machines, ...policies.people])
    await write(`policies/${name}.json`, json(document));
  await write("policies/trust-ec2.json", json(TRUST));
  const bootScript = await readFile(join(root, "bootstrap/boot.sh"), "utf8");
  const common = {
    bucket: config.bucket,
    region,
    releaseKeys: publicWord(key),
    bootScript,
    settings,
    minSerial: 0,
  };
  const daemons = scaler === "everywhere" ? ["agent", "autoscaler"] : ["agent"];
  const { text, compressed } = userData({ ...common, daemons });
  await write("user-data.sh", text);
  await write("user-data.gz", compressed);
  if (scaler === "control-host") {
    const host = userData({ ...common, daemons: ["autoscaler"] });
    await write("control-host.sh", host.text);
    await write("control-host.gz", host.compressed);
  }
  if (image !== undefined) {
    const template = templateData({ imageId: image, profile: `${ROLES}instance`, userData: compressed });
    await write("launch-template.json", json(template));
  }
  const launchTemplate = config.autoscaler.launch_template;
  await write("README.md", explain(config.bucket, policies, { scaler, image, launchTemplate }));
  process.stdout.write(`Everything is in ${dir}. Read ${join(dir, "README.md")} first.\n`);
}

/** Lets machines of EC2 take a role. */
const TRUST = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
};

const json = (tree: unknown) => `${JSON.stringify(tree, undefined, 2)}\n`;
