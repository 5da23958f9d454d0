import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeReleaseKey, publicWord } from "../../bootstrap/release/keys.ts";
import { type Finding, median, round } from "./figures.ts";
import { start } from "./processes.ts";
import type { World } from "./world.ts";

const root = join(import.meta.dirname, "../..");
const GOAL_MS = 2_000;

/**
 * From the start of boot.sh, on a machine that has the Node runtime and nothing else of a release, to the first poll of the
 * agent: the channel and the release are fetched from the cloud's S3, verified, unpacked, and the agent started.
 */
export async function measureBoot(
  world: World,
  quick: boolean,
  say: (text: string) => void,
): Promise<Finding> {
  const boots = quick ? 5 : 20;
  const { folder } = world;
  say("building a release and shipping it");
  const env = { ...world.env, ...(await ship(world)) };
  const runtime = join(folder, "runtime");
  const took: number[] = [];
  // The first boot fetches the runtime for all others.
  for (let i = 0; i <= boots; i++) {
    const home = join(folder, "machine");
    if (i > 0) await cp(runtime, join(home, "artifacts"), { recursive: true });
    const ms = await boot({ ...env, DROVER_HOME: home, DROVER_INSTANCE: `bench-${i}` }, folder, home);
    if (i === 0) await cp(join(home, "artifacts"), runtime, { recursive: true });
    else took.push(round(ms, 0));
    await rm(home, { recursive: true });
  }
  took.sort((a, b) => a - b);
  say(`first poll after ${took.join(", ")} ms`);
  return {
    rows: [
      {
        measure: `boot.sh with the runtime there to the agent's first poll, median of ${boots}`,
        drover: `${round(median(took), 0)} ms`,
        others: `${took[0]} to ${took.at(-1)} ms`,
        goal: `≤ ${GOAL_MS} ms`,
      },
    ],
    data: { firstPollMs: took },
  };
}

/** Builds this checkout's release, without services, and points the channel to it. What boot.sh must know of it. */
async function ship({ env, folder }: World): Promise<NodeJS.ProcessEnv> {
  const fleet = join(folder, "fleet");
  await mkdir(join(fleet, "services"), { recursive: true });
  const key = join(fleet, "release.key");
  const releaseKeys = publicWord(await makeReleaseKey(key));
  const places = ["--key", key, "--out", join(fleet, "releases"), "--services", join(fleet, "services")];
  await promisify(execFile)(join(root, "bin/drover"), ["deploy", ...places, "--wait-s", "0"], { env });
  return { DROVER_BUCKET: "drover", DROVER_RELEASE_KEYS: releaseKeys, DROVER_SYSTEMD: "0" };
}

/** Resolves to the milliseconds until the first poll, when nothing of it runs any more. */
async function boot(env: NodeJS.ProcessEnv, folder: string, home: string): Promise<number> {
  const booting = start(["bash", join(root, "bootstrap/boot.sh")], env, folder);
  await booting.line(/"agent\.ready"/);
  const ms = performance.now() - booting.startedAt;
  const [pid] = (await readFile(join(home, "lanes/a/process"), "utf8")).split(" ");
  process.kill(Number(pid), "SIGTERM");
  await booting.end();
  return ms;
}
