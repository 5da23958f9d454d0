import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { type Finding, table } from "./figures.ts";
import { measureBoot } from "./boot.ts";
import { measureCloud } from "./cloud.ts";
import { measureIdle } from "./idle.ts";
import { measureLatency } from "./latency.ts";
import { measureOverhead } from "./overhead.ts";
import { measureScaling } from "./scaling.ts";
import { measureShare } from "./share.ts";
import { measureStart } from "./start.ts";
import { measureValidation } from "./validation.ts";
import { startWorld, type World } from "./world.ts";

type Measure = (world: World, quick: boolean, say: (text: string) => void) => Promise<Finding>;

const MEASURES: Record<string, Measure> = {
  share: measureShare,
  overhead: measureOverhead,
  start: measureStart,
  latency: measureLatency,
  idle: measureIdle,
  validation: measureValidation,
  boot: measureBoot,
  cloud: measureCloud,
  scaling: measureScaling,
};

const HELP = `Usage: npm run bench -- [--only ${Object.keys(MEASURES).join(",")}] [--quick] [--json FILE]

Measures the bundled agent side by side with others on an embedded cloud of its own. Prints a table, then JSON.
  --only a,b    these measurements alone
  --quick       fewer jobs and rounds: within a minute, for a first look
  --json FILE   also writes the JSON there
docs/performance.md says how to read it.
`;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  process.stdout.write(HELP);
} else {
  await bench(values.only?.split(",") ?? Object.keys(MEASURES), values.quick, values.json);
}

async function bench(names: string[], quick: boolean, file: string | undefined): Promise<void> {
  const unknown = names.find((it) => !Object.hasOwn(MEASURES, it));
  if (unknown !== undefined) {
    process.stderr.write(`There is no measurement called ${unknown}.\n\n${HELP}`);
    process.exitCode = 64;
    return;
  }
  const startedAt = performance.now();
  const say = (text: string) =>
    process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${text}\n`);
  say("bundling and starting the cloud");
  const world = await startWorld();
  const findings: [string, Finding][] = [];
  try {
    for (const name of names) {
      say(`— ${name}`);
      const finding = await MEASURES[name]?.(world, quick, (text) => say(`${name}: ${text}`));
      if (finding !== undefined) findings.push([name, finding]);
    }
  } finally {
    await world.close();
  }
  say("done");
  const report = {
    date: new Date().toISOString(),
    node: process.version,
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
    quick,
    ...Object.fromEntries(findings.map(([name, { data }]) => [name, data])),
  };
  process.stdout.write(`${table(findings.flatMap(([, { rows }]) => rows))}\n\n`);
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(report)}\n`);
}
