import { Command } from "commander";
import { exitCodeOf } from "../../base/system/cli.ts";
import { root } from "../../base/system/root.ts";
import { loadSettings } from "../../base/system/settings.ts";
import { closeS3Clients, createS3Clients, openBucket } from "../../cloud/aws/s3.ts";
import { plain } from "../../base/plain.ts";
import type { Objects } from "../../cloud/ports/objects.ts";
import { cancel, type JobPicture, newestGeneration, pictureOf } from "./jobs.ts";

interface Flags {
  config?: string;
  json?: boolean;
}

/** `drover jobs show|cancel ID`. */
export function main(argv: string[]): Promise<number> {
  const jobs = new Command("drover jobs").description("Look at one job, or cancel it.").exitOverride();
  const add = (
    usage: string,
    description: string,
    run: (objects: Objects, id: string, json: boolean) => Promise<string>,
  ) =>
    jobs
      .command(usage)
      .description(description)
      .option("--config <file>", "settings; drover.yaml in this folder when it is there")
      .option("--json", "one JSON object, for programs")
      .action((id: string, flags: Flags) =>
        withBucket(flags, (objects) => run(objects, id, flags.json ?? false)),
      );
  add("show <id>", "What the bucket knows of a job.", async (objects, id, json) => {
    const picture = await pictureOf(objects, await newestGeneration(objects, id));
    return json ? JSON.stringify(picture) : describe(picture);
  });
  add(
    "cancel <id>",
    "Stop a job, queued or running; its client gets a cancelled result.",
    async (objects, id, json) => {
      const job = await newestGeneration(objects, id);
      await cancel(objects, job);
      return json
        ? JSON.stringify({ ...job, cancelled: true })
        : `${id} is cancelled; an agent that runs it stops within seconds`;
    },
  );
  return exitCodeOf("drover jobs", () => jobs.parseAsync(argv, { from: "user" }));
}

function describe({ job, history, response, delivery }: JobPicture): string {
  const { failures, blocks, vanished } = history;
  const state = response === undefined ? "no result yet" : `${response.status}: ${response.message}`;
  const tries = `${failures} failed, ${blocks} blocked, ${vanished} vanished tries on record`;
  return plain(
    `${job.id} g${job.generation}  ${state}\n  ${tries}; delivery: ${delivery ?? "not due"}`,
    true,
  );
}

async function withBucket(flags: Flags, work: (objects: Objects) => Promise<string>): Promise<void> {
  const { bucket } = loadSettings(root, flags.config, {});
  const clients = createS3Clients();
  try {
    process.stdout.write(`${await work(openBucket(clients, bucket))}\n`);
  } finally {
    closeS3Clients(clients);
  }
}
