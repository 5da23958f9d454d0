import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpuTimeOf } from "./process-stats.ts";

/**
 * The least that any worker on Node can do for a job: start the program and wait for its end. Arguments: programs at
 * the same time, programs in all, the program. Prints what that cost as JSON.
 */
const [slots = "2", jobs = "1000", program = "/bin/true"] = process.argv.slice(2);

async function run(count: number): Promise<void> {
  let left = count;
  const one = async () => {
    while (left-- > 0) await once(spawn(program, [], { stdio: "ignore" }), "exit");
  };
  await Promise.all(Array.from({ length: Number(slots) }, one));
}

await run(200); // warm
const before = cpuTimeOf("self");
const startedAt = performance.now();
await run(Number(jobs));
const wallMs = performance.now() - startedAt;
const after = cpuTimeOf("self");
const figures = {
  wallMs,
  ownMs: after.ownMs - before.ownMs,
  childrenMs: after.childrenMs - before.childrenMs,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
