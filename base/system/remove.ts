import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { promisify } from "node:util";
import { codeOf } from "../errors.ts";

/** What Node's own removal cannot do: folders nested deeper than a path can say, and ones closed to their owner. */
const HOSTILE = new Set(["ENAMETOOLONG", "EACCES", "EPERM", "ENOTEMPTY"]);

/**
 * Removes a file or a whole folder, also one that a program has made hard to remove; a missing one is fine. Never
 * follows links. chmod(1) and rm(1) go down folder by folder (fts(3)) and so never need a long path.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!HOSTILE.has(codeOf(error) ?? "")) throw error;
    const run = promisify(execFile);
    await run("chmod", ["-R", "u+rwX", "--", path]).catch(() => undefined); // rm says what matters
    await run("rm", ["-rf", "--", path]);
  }
}
