import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createSeededRandom } from "../support/seeded-random.ts";
import { chaosPrograms, writeServices } from "./programs.ts";
import { type ChaosOptions, type Report, runChaos } from "./run.ts";

const BUILD = join(import.meta.dirname, "../../bootstrap/build.ts");

export type PlayOptions = Pick<ChaosOptions, "kills" | "jobs" | "agents" | "limitS" | "cutShort" | "say"> & {
  seed: number;
  /** A profile of the cloud's nasty mode. */
  profile: string;
};

/** Plays one run in a folder of its own, which it removes, whatever happens. */
export async function playChaos({ seed, profile, ...options }: PlayOptions): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), "drover-chaos-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    // As it ships: an agent starts from its bundle three times as fast as from its sources.
    await promisify(execFile)(process.execPath, [BUILD, `${folder}/dist`]);
    const word = `86400.${process.pid}${Math.floor(Math.random() * 1e6)}`;
    const programs = chaosPrograms(word);
    await writeServices(`${folder}/services`, programs);
    return await runChaos({
      ...options,
      folder,
      drover: [process.execPath, `${folder}/dist/drover.mjs`],
      programs,
      word,
      nasty: `${seed}:${profile}`,
      random: createSeededRandom(seed),
    });
  } finally {
    process.off("exit", remove);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
