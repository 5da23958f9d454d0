import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { program } from "../../../../support/fixture-program.ts";
import { tempFolder } from "../../../../support/temp-folder.ts";
import { runningWith, until, workingKinds } from "./job.ts";

const kinds = await workingKinds();
const WISHES = [
  ["auto", "bubblewrap"],
  ["none", "process-group"],
] as const;

/** From before anything is started until after the program runs; bubblewrap takes some ten milliseconds for it. */
const MOMENTS_MS = [0, 1, 2, 4, 6, 8, 11, 15, 20, 40];

test.each(WISHES.filter(([, kind]) => kinds.includes(kind)))(
  "nothing survives a process that is killed at any moment while it starts a program (%s, %s)",
  async (wish) => {
    const words = await Promise.all(
      MOMENTS_MS.map(async (ms) => {
        const word = `${600 + Math.random()}${process.pid}`;
        const argv = [program("start-and-die.ts"), wish, await tempFolder(), word, String(ms)];
        const ended = promisify(execFile)(process.execPath, argv);
        await expect(ended).rejects.toMatchObject({ signal: "SIGKILL" });
        return word;
      }),
    );
    for (const word of words) await until(() => runningWith(word).length === 0);
  },
);
