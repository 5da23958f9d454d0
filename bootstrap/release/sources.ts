import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { codeOf } from "../../base/errors.ts";
import { fileAt, filesBelow } from "./pack.ts";
import type { ArchiveFile } from "./tar.ts";

const run = promisify(execFile);
const MOST_OUTPUT = 64 * 1024 * 1024;

/** The commit of a checkout, ending in `-dirty` when files have changed since; `unknown` without git. */
export async function commitOf(root: string): Promise<string> {
  const head = await git(root, ["rev-parse", "HEAD"]);
  if (head === undefined) return "unknown";
  const changes = await git(root, ["status", "--porcelain"]);
  return changes === "" ? head.trim() : `${head.trim()}-dirty`;
}

/** The files of a folder of services, without packages: those git knows or would add, or all where git knows none. */
export async function serviceFiles(folder: string): Promise<ArchiveFile[]> {
  const listed = await git(folder, ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  const known = (listed ?? "").split("\0").filter((it) => it !== "");
  if (known.length === 0) {
    const all = await filesBelow(folder, "services/");
    return all.filter((it) => !it.path.includes("/node_modules/"));
  }
  const files = await Promise.all(
    known.map(async (path) => {
      const source = join(folder, path);
      const isThere = await access(source).then(
        () => true,
        () => false, // deleted, and not committed yet
      );
      return isThere ? [await fileAt(source, `services/${path}`)] : [];
    }),
  );
  return files.flat();
}

/** Undefined outside of a repository and on machines without git. */
async function git(folder: string, args: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await run("git", ["-C", folder, ...args], { maxBuffer: MOST_OUTPUT });
    return stdout;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || typeof (error as { code?: unknown }).code === "number")
      return undefined;
    throw error;
  }
}
