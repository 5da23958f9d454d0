import { Command } from "commander";
import { DroverError } from "../../base/errors.ts";
import { exitCodeOf } from "../../base/system/cli.ts";
import { systemFiles } from "../../base/system/files.ts";
import { droverPolicy } from "../decide.ts";
import type { Policy, Settings } from "../policy.ts";
import { baselineNamed, baselineNames } from "../policies/registry.ts";
import { openWorlds } from "./build-world.ts";
import { compare, meanOf } from "./comparison.ts";
import { document } from "./document.ts";
import { SHAPES } from "./generators.ts";
import { goalsTable } from "./goals.ts";
import { settingsOf, type Flags } from "./options.ts";
import { plotSvg } from "./plot-svg.ts";
import { plotTerminal } from "./plot-terminal.ts";
import { showTable } from "./report-text.ts";
import { runTrials } from "./trials.ts";
import { tuned } from "./tune.ts";
import type { World } from "./world.ts";

const EXAMPLES = `
Policies: ${[droverPolicy.name, ...baselineNames].join(", ")}.
A baseline takes -random (victims by chance) and its own number, as in keda-hpa:queueLength=8.
Generators, as generate:SHAPE:JOBS_A_SECOND:
${Object.entries(SHAPES)
  .map(([name, { summary, hours }]) => `  ${name.padEnd(12)}${summary} (${hours} hours)`)
  .join("\n")}

Examples:
  drover simulate --arrivals jobs.csv --services lognormal:40,1 --policy drover,keda-hpa --seeds 10
  drover simulate --arrivals generate:spikes:0.5 --services exponential:20 --target-wait-s 60 --plot out.svg
  drover simulate --arrivals jobs.csv --services fixed:20 --policy drover,keda-hpa --tune --target-wait-s 60
  drover simulate --document docs/scaling.md --seeds 10
  drover simulate --arrivals jobs.csv --services durations.csv --spot generate:9 --policy drover,spothedge
`;

/** `drover simulate`: policies on recorded or generated load, against the least that any policy needs. */
export function main(argv: string[]): Promise<number> {
  const command = new Command("drover simulate")
    .description("Try scaling policies on recorded or generated load, without a cloud.")
    .exitOverride()
    .option("--arrivals <file>", "CSV with time_s,count or time_s,service_s, or generate:SHAPE:RATE")
    .option(
      "--services <file|dist>",
      "how long jobs work: a file of seconds, or fixed:30, uniform:60-300, exponential:30, …",
    )
    .option("--policy <names>", "one or more, with commas", "drover")
    .option("--target-wait-s <seconds>", "a job should start within this time", "300")
    .option("--target-share <share>", "the share of jobs that should", "0.995")
    .option("--seeds <number>", "how many runs, seeds 1 to N", "1")
    .option("--hours <hours>", "length of generated load")
    .option("--slots <number>", "jobs at once on an instance", "4")
    .option("--boot <dist>", "from launch to the first job, seconds", "uniform:60-300")
    .option("--price <dollars>", "an instance for an hour, on demand", "0.10")
    .option("--billing <how>", "per-second (a minute at least) or hourly", "per-second")
    .option("--max-instances <number>", "never more", "10000")
    .option("--min-instances <number>", "never fewer", "0")
    .option("--budget-per-hour <dollars>", "never spend more in an hour")
    .option(
      "--spot <files>",
      "room of spot zones over time: CSV time_s,zone,instances; or a file milliseconds,add|remove,node for each zone; or generate:ZONES",
    )
    .option("--spot-price <dollars>", "a spot instance for an hour", "0.035")
    .option(
      "--reclaims-per-hour <number>",
      "a spot instance's chance of being taken back, beside its zone's room",
      "0",
    )
    .option("--refusals <share>", "chance that a launch is refused", "0")
    .option("--stale <spans>", "FROM-TO seconds in which the queue's counters stand still")
    .option("--missing <spans>", "FROM-TO seconds in which the queue cannot be read")
    .option("--json", "one JSON object, for programs")
    .option("--plot <file>", "backlog, fleet and wait over time as SVG")
    .option("--tune", "each baseline with seven values of its number")
    .option("--goals", "instead: every policy on every generator, and the goals line by line")
    .option("--document <file>", "the same, put into this page with the tables")
    .addHelpText("after", EXAMPLES)
    .action(
      async (flags: Partial<Flags> & Omit<Flags, "arrivals"> & { document?: string; goals?: boolean }) => {
        const { arrivals, document: page, goals } = flags;
        if (page !== undefined || goals === true) return await tryAll({ ...flags, arrivals: "" }, page);
        if (arrivals !== undefined) return await run({ ...flags, arrivals });
        throw new DroverError(
          "config-invalid",
          "Say which jobs arrive: --arrivals FILE, or generate:SHAPE:RATE.",
        );
      },
    );
  return exitCodeOf("drover simulate", () => command.parseAsync(argv, { from: "user" }));
}

async function run(flags: Flags): Promise<void> {
  const settings = settingsOf(flags);
  const named = flags.policy.split(",").map(policyNamed);
  const worlds = await openWorlds(flags, readText);
  const policies = flags.tune ? named.flatMap((policy) => variantsOf(policy, worlds.of(1), settings)) : named;
  const outcomes = compare(policies, worlds, settings, showProgress);
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  if (flags.plot !== undefined) {
    await systemFiles.write(flags.plot, new TextEncoder().encode(plotSvg(outcomes, settings.targetWaitS)));
  }
  if (flags.json) {
    const results = outcomes.map(({ policy, seeds }) => ({ policy, mean: meanOf(seeds), seeds }));
    process.stdout.write(`${JSON.stringify({ arrivals: flags.arrivals, settings, results })}\n`);
    return;
  }
  process.stdout.write(showTable(outcomes));
  const width = process.stdout.columns ?? 100;
  for (const { policy, series } of outcomes) process.stdout.write(`\n${plotTerminal(policy, series, width)}`);
}

async function tryAll(flags: Flags, page: string | undefined): Promise<void> {
  const before = page === undefined ? undefined : await readText(page);
  let round = 0;
  const { goals, tables } = await runTrials(flags, (what) => showProgress(round++, Infinity, what));
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  process.stdout.write(flags.json ? `${JSON.stringify({ goals })}\n` : `${goalsTable(goals)}\n`);
  if (page === undefined || before === undefined) return;
  await systemFiles.write(page, new TextEncoder().encode(document(before, goals, tables, flags.seeds)));
}

function variantsOf(policy: Policy, world: World, { targetWaitS }: Settings): Policy[] {
  const variants = tuned([policy.name], world, targetWaitS);
  return variants.length === 0 ? [policy] : variants;
}

function policyNamed(name: string): Policy {
  const policy = name === droverPolicy.name ? (droverPolicy as Policy) : baselineNamed(name);
  if (policy !== undefined) return policy;
  const known = [droverPolicy.name, ...baselineNames].join(", ");
  throw new DroverError("config-invalid", `There is no policy "${name}". There are: ${known}.`);
}

async function readText(path: string): Promise<string> {
  if (!(await systemFiles.exists(path))) {
    throw new DroverError("config-invalid", `The file ${path} does not exist.`);
  }
  return new TextDecoder().decode(await systemFiles.read(path));
}

/** One line that overwrites itself on a terminal; elsewhere a line for each run. */
function showProgress(done: number, of: number, what: string): void {
  const text = of === Infinity ? what : `${done + 1}/${of} ${what}`;
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
}
