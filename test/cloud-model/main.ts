import { parseArgs } from "node:util";
import { check } from "./run.ts";

const HELP = `Usage: npm run cloud-model -- [--seeds N] [--from SEED] [--steps N] [--together N]

Compares the embedded cloud with a simple model of SQS (standard and FIFO) and S3: random operations over the wire,
with time passing, restarts and kill -9 between and under them. Ends with 1 at the first difference.
  --seeds N     how many worlds (1000)
  --from SEED   the first of them (1)
  --steps N     operations in each (200)
  --together N  worlds that share a cloud and its restarts (50)
`;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    steps: { type: "string", default: "200" },
    together: { type: "string", default: "50" },
    help: { type: "boolean", default: false },
  },
});
const [seeds, firstSeed, steps, together] = [values.seeds, values.from, values.steps, values.together].map(
  Number,
);

if (values.help) {
  process.stdout.write(HELP);
} else if (!(Number(seeds) > 0 && Number(steps) > 0 && Number(together) > 0 && Number.isInteger(firstSeed))) {
  process.stderr.write(HELP);
  process.exitCode = 64;
} else {
  const startedAt = performance.now();
  const say = (text: string) =>
    process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${text}\n`);
  try {
    const plan = {
      firstSeed: firstSeed ?? 1,
      seeds: seeds ?? 1,
      steps: steps ?? 1,
      together: together ?? 1,
      say,
    };
    process.stdout.write(`${JSON.stringify(await check(plan))}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
