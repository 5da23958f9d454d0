import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { DroverError } from "../../base/errors.ts";
import { exitCodeOf } from "../../base/system/cli.ts";
import { readConfig } from "../../base/config/config.ts";
import { root } from "../../base/system/root.ts";
import { makeReleaseKey, publicWord, readReleaseKey } from "../../bootstrap/release/keys.ts";
import { explain } from "./explain.ts";
import { policiesOf } from "./policies.ts";
import { settingsText } from "./settings.ts";
import { userData } from "./user-data.ts";

interface Flags {
  bucket: string;
  account: string;
  region: string;
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
    .option("--dir <folder>", "where the files go; a drover.yaml and a key that are there stay", "fleet")
    .addHelpText(
      "after",
      "\nExample:\n  drover init --bucket acme-drover --account 123456789012 --region eu-west-1",
    )
    .action(init);
  return exitCodeOf("drover init", () => command.parseAsync(argv, { from: "user" }));
}

async function init({ bucket, account, region, dir: folder }: Flags): Promise<void> {
  if (!/^\d{12}$/.test(account) || !/^[a-z]{2}(?:-[a-z]+)+-\d$/.test(region)) {
    const message = "--account takes twelve digits, --region a name such as eu-west-1.";
    throw new DroverError("config-invalid", message);
  }
  const dir = resolve(folder);
  await mkdir(join(dir, "policies"), { recursive: true, mode: 0o700 });
  const settingsFile = join(dir, "drover.yaml");
  if (!existsSync(settingsFile)) await writeFile(settingsFile, settingsText(bucket), { mode: 0o600 });
  const settings = await readFile(settingsFile, "utf8");
  const config = readConfig(settings, {});
  const keyFile = join(dir, "release.key");
  const key = existsSync(keyFile) ? await readReleaseKey(keyFile) : await makeReleaseKey(keyFile);
  const policies = policiesOf({ accountId: account, region, bucket: config.bucket, queues: config.queues });
  for (const { name, document } of policies)
    await writeFile(join(dir, "policies", `${name}.json`), `${JSON.stringify(document, undefined, 2)}\n`);
  const bootScript = await readFile(join(root, "bootstrap/boot.sh"), "utf8");
  const facts = { bucket: config.bucket, region, releaseKeys: publicWord(key), bootScript, settings };
  const { text, compressed } = userData({ ...facts, minSerial: 0 });
  await writeFile(join(dir, "user-data.sh"), text, { mode: 0o600 });
  await writeFile(join(dir, "user-data.gz"), compressed, { mode: 0o600 });
  await writeFile(join(dir, "README.md"), explain(config.bucket, policies));
  process.stdout.write(`Everything is in ${dir}. Read ${join(dir, "README.md")} first.\n`);
}
