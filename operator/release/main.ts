import { join, resolve } from "node:path";
import { Command } from "commander";
import { exitCodeOf } from "../../base/system/cli.ts";
import { root } from "../../base/system/root.ts";
import type { BuiltRelease } from "../../bootstrap/release/assemble.ts";
import { makeReleaseKey, publicWord } from "../../bootstrap/release/keys.ts";
import { openDeploy, type DeployFlags } from "../deploy/connect/main.ts";
import { moveChannel, restoreChannel } from "../deploy/channel-store.ts";
import { showChannel } from "../deploy/show.ts";
import { build, type BuildFlags } from "./build/main.ts";

/** `drover release build | keygen | renew | restore`. */
export function main(argv: string[]): Promise<number> {
  const command = new Command("drover release")
    .description("Build releases, make the key that signs them, sign the channel file anew.")
    .exitOverride();
  command
    .command("build")
    .description("Build a release from this checkout; the same content gives the same bytes.")
    .exitOverride()
    .option("--services <folder>", "the services that go along", join(root, "services"))
    .option("--packages <names>", "services whose installed packages go along, separated by commas")
    .option("--out <folder>", "where releases are kept", ".drover/releases")
    .option("--json", "one JSON object, for programs")
    .action(async (flags: BuildFlags & { json?: boolean }) => {
      const release = await build(flags);
      const { version, archives } = release.manifest;
      process.stdout.write(flags.json ? `${JSON.stringify({ version, archives })}\n` : showBuilt(release));
    });
  command
    .command("keygen")
    .description("Make the key that signs the channel file. Keep it where only deployers can read it.")
    .exitOverride()
    .option("--key <file>", "where the private key goes", ".drover/release.key")
    .action(async ({ key }: { key: string }) => {
      const made = await makeReleaseKey(resolve(key));
      process.stdout.write(`private key  ${key}\nfor instances  DROVER_RELEASE_KEYS=${publicWord(made)}\n`);
    });
  command
    .command("renew")
    .description("Sign the channel file anew with a later expiry; nothing else changes.")
    .exitOverride()
    .option("--config <file>", "settings; drover.yaml in this folder when it is there")
    .option("--key <file>", "the private key", ".drover/release.key")
    .option("--valid-days <n>", "until the channel file expires", "90")
    .action(async (flags: DeployFlags) => {
      await using deploy = await openDeploy(flags);
      const channel = await moveChannel(deploy.channelTools, (now) => deploy.existing(now));
      process.stdout.write(showChannel(channel));
    });
  command
    .command("restore")
    .description(
      "Put the last channel file that was signed with the key back, when somebody has overwritten it.",
    )
    .exitOverride()
    .option("--config <file>", "settings; drover.yaml in this folder when it is there")
    .option("--key <file>", "the private key", ".drover/release.key")
    .option("--valid-days <n>", "until the channel file expires", "90")
    .action(async (flags: DeployFlags) => {
      await using deploy = await openDeploy(flags);
      process.stdout.write(showChannel(await restoreChannel(deploy.channelTools)));
    });
  return exitCodeOf("drover release", () => command.parseAsync(argv, { from: "user" }));
}

function showBuilt({ manifest, archives }: BuiltRelease): string {
  const lines = archives.map(
    ({ entry, file }) => `  ${(entry.bytes / 1e6).toFixed(1)} MB  ${entry.name}  ${file}`,
  );
  return `release ${manifest.version} (commit ${manifest.commit})\n${lines.join("\n")}\n`;
}
