import { execFile } from "node:child_process";
import { opendirSync } from "node:fs";
import { rm, rmdir, unlink } from "node:fs/promises";
import { promisify } from "node:util";
import { codeOf } from "../errors.ts";

/** What Node's own removal cannot do: folders nested deeper than a path can say, and ones closed to their owner. */
const HOSTILE = new Set(["ENAMETOOLONG", "EACCES", "EPERM", "ENOTEMPTY"]);

/**
 * Removes a file or a whole folder, also one that a program has made hard to remove; a missing one is fine. Never
 * follows links. chmod(1) and rm(1) go down folder by folder (fts(3)) and so never need a long path.
 */
export async function removeTree(path: string): Promise<void> {
  if (await removeFew(path)) return;
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!HOSTILE.has(codeOf(error) ?? "")) throw error;
    const run = promisify(execFile);
    await run("chmod", ["-R", "u+rwX", "--", path]).catch(() => undefined); // rm says what matters
    await run("rm", ["-rf", "--", path]);
  }
}

/** A folder with more in it is no longer looked through at once. */
const FEW = 16;

/**
 * A folder of few folders and files: looking is done here, where a trip to another thread would cost ten times the look.
 * Changes are not, since they may have to wait for the disk. False when it is not such a folder.
 */
async function removeFew(path: string): Promise<boolean> {
  try {
    const folders = [path];
    const files: string[] = [];
    for (const folder of folders) {
      using entries = opendirSync(folder);
      for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
        (entry.isDirectory() ? folders : files).push(`${folder}/${entry.name}`);
        if (folders.length + files.length > FEW) return false;
      }
    }
    await Promise.all(files.map((it) => unlink(it)));
    for (const folder of folders.toReversed()) await rmdir(folder);
    return true;
  } catch {
    return false; // the thorough way says what matters
  }
}
