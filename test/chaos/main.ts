import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createSeededRandom } from "../support/seeded-random.ts";
import { runChaos } from "./run.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "100" },
    agents: { type: "string", default: "3" },
    seed: { type: "string", default: "1" },
    nasty: { type: "string", default: "mild" },
  },
});

/** `npm run chaos -- --kills N`: real agents, a nasty cloud, bad networks, SIGKILL and SIGSTOP at every effect. */
const folder = await mkdtemp(join(tmpdir(), "drover-chaos-"));
await mkdir(`${folder}/services`);
const service = async (name: string, command: string[], more = "") => {
  await mkdir(`${folder}/services/${name}`);
  const text = `name: ${name}\nversion: 1.0.0\nsummary: chaos\nmode: oneshot\ncommand: ${JSON.stringify(command)}\ninput: {types: []}\nresult: {kind: text}\n${more}`;
  await writeFile(`${folder}/services/${name}/service.yaml`, text);
};
await service("quick", ["/bin/echo", "quick"]);
await service("slow", ["/bin/sleep", "0.7"]);
await service("fails", ["/bin/sh", "-c", "exit 3"], "retries: 1\n");
try {
  const ok = await runChaos({
    folder,
    kills: Number(values.kills),
    agents: Number(values.agents),
    nasty: `${values.seed}:${values.nasty}`,
    random: createSeededRandom(Number(values.seed)),
    say: (text) => process.stderr.write(`${text}\n`),
  });
  process.exitCode = ok ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
