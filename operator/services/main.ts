import { Command } from "commander";
import { execa } from "execa";
import { readCatalog } from "../../agent/admit/catalog.ts";
import { DroverError, reasonOf } from "../../base/errors.ts";
import { exitCodeOf } from "../../base/system/cli.ts";
import { systemFiles } from "../../base/system/files.ts";
import { root } from "../../base/system/root.ts";
import { loadSettings, machine } from "../../base/system/settings.ts";

interface Flags {
  config?: string;
  services?: string;
  json?: boolean;
  install?: string;
}

/** `drover services`: what this machine can run, what it lacks; `--install` runs a service's own install command. */
export function main(argv: string[]): Promise<number> {
  const command = new Command("drover services")
    .description("List the services of the folder and whether this machine can run them.")
    .exitOverride()
    .option("--config <file>", "settings; drover.yaml in this folder when it is there")
    .option("--services <folder>", "one folder for each service")
    .option("--install <name>", "run the install command of this service's service.yaml")
    .option("--json", "one JSON object, for programs")
    .action(async (flags: Flags) => {
      const { services_dir: folder } = loadSettings(root, flags.config, { services_dir: flags.services });
      if (flags.install !== undefined) await install(folder, flags.install);
      else await list(folder, flags.json ?? false);
    });
  return exitCodeOf("drover services", () => command.parseAsync(argv, { from: "user" }));
}

async function list(folder: string, json: boolean): Promise<void> {
  const { services, broken } = await readCatalog(systemFiles, folder, machine());
  const rows = [...services.values()].map(({ manifest, missing }) => {
    const { name, version, summary } = manifest;
    return { name, version, summary, offered: missing.length === 0, missing };
  });
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ folder, services: rows, broken: Object.fromEntries(broken) })}\n`,
    );
    return;
  }
  for (const { name, version, summary, missing } of rows) {
    process.stdout.write(`${name} ${version}  ${summary}\n`);
    for (const it of missing) process.stdout.write(`  not offered here: ${it}\n`);
  }
  for (const reason of broken.values()) process.stdout.write(`broken: ${reason}\n`);
}

async function install(folder: string, name: string): Promise<void> {
  const { services } = await readCatalog(systemFiles, folder, machine());
  const service = services.get(name);
  if (service === undefined) {
    throw new DroverError(
      "service-unknown",
      `There is no usable service ${name} in ${folder}. Run: drover services`,
    );
  }
  const [program, ...args] = service.manifest.install ?? [];
  if (program === undefined) return;
  try {
    await execa(program, args, { cwd: service.folder, stdio: "inherit" });
  } catch (error) {
    throw new DroverError("install-failed", `${name} could not be installed: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}
