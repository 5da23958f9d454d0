import type { Files } from "../../base/files.ts";
import type { StatusRow, Store } from "../../cloud/ports/store.ts";
import type { Installation } from "./installation.ts";

/** What is shown of a problem; boot.sh's sentences are shorter. */
const PROBLEM_BYTES = 400;

/**
 * A store whose status rows also say which release runs here, and why it is not the one that the channel names.
 * When the first row is stored, the daemon is ready for what waits for it: boot.sh then lets the old one drain.
 */
export function reportingRelease(
  store: Store,
  files: Files,
  installation: Installation,
  failed: () => number,
): Store {
  const { home, instance, release, serial } = installation;
  let isReady = false;
  return {
    ...store,
    putStatus: async (row: StatusRow) => {
      const releaseProblem = await problemOf(files, home);
      await store.putStatus({ ...row, instance, release, serial, failed: failed(), releaseProblem });
      if (isReady) return;
      await sayReady(files, installation);
      isReady = true;
    },
  };
}

async function problemOf(files: Files, home: string): Promise<string> {
  const path = `${home}/state/problem`;
  if ((await files.size(path)) === undefined) return "";
  return new TextDecoder().decode(await files.read(path, { maxBytes: PROBLEM_BYTES })).trim();
}

/** The daemon works: boot.sh has waited for this, and lets the one before go. */
export async function sayReady(files: Files, { readyFile, release }: Installation): Promise<void> {
  await files.write(readyFile, new TextEncoder().encode(`${release}\n`));
}

/** The daemon leaves in order: boot.sh takes its end for no crash, and does not start it again. */
export async function sayLeft(files: Files, { readyFile }: Installation): Promise<void> {
  await files.write(readyFile.replace(/[^/]*$/, "left"), new Uint8Array());
}
