import { existsSync } from "node:fs";
import { chmod, mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { reasonOf } from "../../errors.ts";
import { createProcesses } from "../processes.ts";
import type { Sandbox } from "./sandbox.ts";

/** A machine that is starting up can be slow; one that hangs shall not keep the agent from starting. */
const LONGEST_TRIAL_MS = 20_000;

/** By its whole path, as programs are given theirs: a user of its own may not get through the folders above. */
const PROOF = "require('node:fs').writeFileSync(process.argv[1], '')";

/**
 * Runs Node in the sandbox, with all bounds, in a folder as jobs have it. Resolves to why it does not work.
 * @param folder is made, and left behind; below the agent's own
 */
export async function tryOut(sandbox: Sandbox, folder: string, node: string): Promise<string | undefined> {
  const work = `${folder}/work`;
  const proof = `${work}/proof`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  // Where there is no file system of its own, a program's user must get as far as its folder.
  if (sandbox.users !== undefined && sandbox.kind !== "bubblewrap") await chmod(dirname(folder), 0o711);
  try {
    const child = await createProcesses(sandbox).spawn([node, "--eval", PROOF, proof], {
      cwd: work,
      env: { PATH: "/usr/bin:/bin" },
      maxStdoutBytes: 100,
      maxStderrBytes: 1_000,
      bounds: {
        folder,
        writable: [work],
        readable: [node],
        network: false,
        gpu: false,
        maxDiskBytes: 2 ** 20,
        maxProcesses: 1_000,
        maxCpuS: 60,
      },
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), LONGEST_TRIAL_MS);
    const { code, signal, stderrTail } = await child.exited;
    clearTimeout(timer);
    if (code === 0 && existsSync(proof)) return undefined;
    const said = Buffer.from(stderrTail).toString().trim().split("\n").at(-1) ?? "";
    return `it does not work here (${said === "" ? `ended by ${signal ?? `code ${code}`}` : said})`;
  } catch (error) {
    return `it does not work here (${reasonOf(error)})`;
  }
}
