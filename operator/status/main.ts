import { Command } from "commander";
import type { Config } from "../../base/config/config.ts";
import { exitCodeOf } from "../../base/system/cli.ts";
import { systemClock } from "../../base/system/clock.ts";
import { root } from "../../base/system/root.ts";
import { loadSettings } from "../../base/system/settings.ts";
import { closeSqsClients, createSqsClients, openQueue } from "../../cloud/aws/sqs.ts";
import { openStore } from "../../cloud/aws/store.ts";
import { showPicture, takePicture } from "./status.ts";

/** `drover status`: the queues' counts and the instances' last reports. */
export function main(argv: string[]): Promise<number> {
  const command = new Command("drover status")
    .description("Show the fleet: what waits in the queues, what the instances do.")
    .exitOverride()
    .option("--config <file>", "settings; drover.yaml in this folder when it is there")
    .option("--json", "one JSON object, for programs")
    .action(({ config, json }: { config?: string; json?: boolean }) =>
      show(loadSettings(root, config, {}), json ?? false),
    );
  return exitCodeOf("drover status", () => command.parseAsync(argv, { from: "user" }));
}

async function show(config: Config, json: boolean): Promise<void> {
  const sqs = createSqsClients();
  const { store, close } = openStore(config);
  try {
    const opened = await Promise.all(Object.values(config.queues).map((name) => openQueue(sqs, name)));
    const picture = await takePicture(opened, store, systemClock);
    process.stdout.write(json ? `${JSON.stringify(picture)}\n` : showPicture(picture));
  } finally {
    closeSqsClients(sqs);
    close();
  }
}
