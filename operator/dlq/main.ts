import { Command } from "commander";
import { fleetKey } from "../../agent/fleet-key.ts";
import { DroverError } from "../../base/errors.ts";
import { exitCodeOf } from "../../base/system/cli.ts";
import { systemRandom } from "../../base/system/random.ts";
import { root } from "../../base/system/root.ts";
import { loadSettings } from "../../base/system/settings.ts";
import { closeS3Clients, createS3Clients, openBucket } from "../../cloud/aws/s3.ts";
import { closeSqsClients, createSqsClients, openQueue } from "../../cloud/aws/sqs.ts";
import { plain } from "../../base/plain.ts";
import {
  type DeadLetter,
  type DeadLetterTools,
  drop,
  replay,
  requestText,
  withDeadLetters,
} from "./dead-letters.ts";

interface Flags {
  config?: string;
  json?: boolean;
  all?: boolean;
  code?: string;
}

/** So many letters are looked through; a queue with more has another trouble than its letters. */
const MOST = 10_000;

/** `drover dlq list|show|replay|drop`. */
export function main(argv: string[]): Promise<number> {
  const dlq = new Command("drover dlq").description("Requests that wait for a person.").exitOverride();
  const add = (usage: string, description: string, run: (ids: string[], flags: Flags) => Promise<void>) =>
    dlq
      .command(usage)
      .description(description)
      .option("--config <file>", "settings; drover.yaml in this folder when it is there")
      .option("--json", "one JSON object a line, for programs")
      .option("--code <code>", "only letters with this error code")
      .option("--all", "every letter (with replay and drop)")
      .action((ids: string[], flags: Flags) => run(ids, flags));
  add("list [ids...]", "One line for each: job, code, age, reason.", list);
  add("show <ids...>", "Everything that is known of a letter, and its request with secrets masked.", show);
  add("replay [ids...]", "Do it again, or deliver again what could not be delivered.", (ids, flags) => {
    const done = new Set<string>();
    return forEach(ids, flags, async (tools, letter) => {
      const how = await replay(tools, letter, done);
      const isSent = how === "redelivery" || how === "new generation";
      return `${letter.job.id} ${isSent ? "replayed" : "dropped"}: ${how}`;
    });
  });
  add("drop [ids...]", "Delete letters for good.", (ids, flags) =>
    forEach(ids, flags, async (tools, letter) => {
      await drop(tools, letter);
      return `${letter.job.id} dropped`;
    }),
  );
  return exitCodeOf("drover dlq", () => dlq.parseAsync(argv, { from: "user" }));
}

async function list(ids: string[], flags: Flags): Promise<void> {
  await withTools(flags, (tools) =>
    withDeadLetters(tools, MOST, async (letters) => {
      const chosen = letters.filter((it) => matches(it, ids, flags));
      for (const it of chosen)
        process.stdout.write(`${flags.json ? JSON.stringify(facts(it)) : lineOf(it)}\n`);
      if (chosen.length === 0 && !flags.json) process.stdout.write("no dead letters\n");
    }),
  );
}

async function show(ids: string[], flags: Flags): Promise<void> {
  await forEach(ids, flags, async (tools, letter) => {
    const prefix = `jobs/${letter.job.id}/g${letter.job.generation}/attempts/`;
    const keys = await tools.objects.list(prefix);
    const attempts = await Promise.all(
      keys.map(async (key) => ({ attempt: key.slice(prefix.length), ...(await recordAt(tools, key)) })),
    );
    const request = await requestText(tools, letter);
    if (flags.json) return JSON.stringify({ ...facts(letter), attempts, request });
    const tries = attempts.map((it) => `  ${plain(JSON.stringify(it))}`).join("\n");
    return `${lineOf(letter)}\nattempts:\n${tries || "  none recorded"}\nrequest:\n${plain(request, true)}\n`;
  });
}

async function recordAt({ objects }: DeadLetterTools, key: string): Promise<object> {
  const found = await objects.get(key);
  return found === undefined ? {} : (JSON.parse(new TextDecoder().decode(found.body)) as object);
}

async function forEach(
  ids: string[],
  flags: Flags,
  work: (tools: DeadLetterTools, letter: DeadLetter) => Promise<string>,
): Promise<void> {
  if (ids.length === 0 && flags.all !== true && flags.code === undefined) {
    throw new DroverError(
      "flag-missing",
      "Name the jobs, or say --all or --code. `drover dlq list` shows them.",
    );
  }
  await withTools(flags, (tools) =>
    withDeadLetters(tools, MOST, async (letters) => {
      const chosen = letters.filter((it) => matches(it, ids, flags));
      const missing = ids.filter((id) => !chosen.some((it) => it.job.id === id));
      for (const it of chosen) process.stdout.write(`${await work(tools, it)}\n`);
      if (chosen.length === 0 && ids.length === 0 && !flags.json)
        process.stdout.write("no such dead letters\n");
      if (missing.length > 0) {
        throw new DroverError(
          "dead-letter-missing",
          `There is no dead letter of ${missing.join(", ")}. See drover dlq list.`,
        );
      }
    }),
  );
}

function matches({ job, code }: DeadLetter, ids: readonly string[], flags: Flags): boolean {
  return (ids.length === 0 || ids.includes(job.id)) && (flags.code === undefined || flags.code === code);
}

function facts({ job, code, reason, instance, parkedAt }: DeadLetter) {
  return { ...job, code, reason, instance, parkedAt: new Date(parkedAt).toISOString() };
}

/** What a program or a stranger wrote must not reach the terminal as commands. */
function lineOf(letter: DeadLetter): string {
  const { id, generation, code, reason, parkedAt } = facts(letter);
  return plain(`${id} g${generation}  ${code}  ${parkedAt}  ${reason}`);
}

async function withTools(flags: Flags, use: (tools: DeadLetterTools) => Promise<void>): Promise<void> {
  const { queues, bucket } = loadSettings(root, flags.config, {});
  const sqs = createSqsClients();
  const s3 = createS3Clients();
  try {
    const [requests, deliveries, dead] = await Promise.all([
      openQueue(sqs, queues.requests),
      openQueue(sqs, queues.deliveries),
      openQueue(sqs, queues.dead),
    ]);
    const objects = openBucket(s3, bucket);
    await use({
      queues: { requests, deliveries, dead },
      objects,
      fleetKey: await fleetKey(objects, systemRandom),
      random: systemRandom,
    });
  } finally {
    closeSqsClients(sqs);
    closeS3Clients(s3);
  }
}
