import { DroverError } from "../../base/errors.ts";
import { isTree } from "./tree.ts";

/** An archive that a release is made of: its own, and bigger things that it shares with other releases. */
export interface ArchiveEntry {
  name: string;
  arch: "any" | "x64" | "arm64";
  /** Where it lies in the bucket. */
  key: string;
  sha256: string;
  bytes: number;
  /** What of the unpacked archive the release gets, and where; `.` and `.` for the release's own. */
  from: string;
  into: string;
}

/** One file of the release's own archive. */
export interface FileEntry {
  path: string;
  mode: "644" | "755";
  bytes: number;
  sha256: string;
}

/** What a release consists of. The signed channel file names the SHA-256 of its text. */
export interface Manifest {
  version: string;
  /** The commit it was built from; ends in `-dirty` when files had changed since. */
  commit: string;
  /** What boot.sh starts. */
  daemons: readonly string[];
  archives: readonly ArchiveEntry[];
  files: readonly FileEntry[];
}

/**
 * JSON with one entry on each line and the keys in a fixed order: programs parse it as JSON, boot.sh, which has only
 * bash, line by line.
 */
export function manifestText({ version, commit, daemons, archives, files }: Manifest): string {
  return `{
"format": 1,
"version": "${version}",
"commit": "${commit}",
"daemons": "${daemons.join(" ")}",
"archives": [
${list(archives.map(({ name, arch, key, sha256, bytes, from, into }) => ({ name, arch, key, sha256, bytes, from, into })))}
],
"files": [
${list(files.map(({ path, mode, bytes, sha256 }) => ({ path, mode, bytes, sha256 })))}
]
}
`;
}

const list = (entries: readonly object[]) => entries.map((it) => spaced(it)).join(",\n");

function spaced(entry: object): string {
  const pairs = Object.entries(entry).map(([name, value]) => `"${name}": ${JSON.stringify(value)}`);
  return `{${pairs.join(", ")}}`;
}

/** Throws `release-corrupt`. */
export function parseManifest(text: string): Manifest {
  let tree: unknown;
  try {
    tree = JSON.parse(text);
  } catch {
    tree = undefined;
  }
  if (
    !isTree(tree) ||
    tree["format"] !== 1 ||
    !Array.isArray(tree["archives"]) ||
    !Array.isArray(tree["files"])
  )
    throw new DroverError(
      "release-corrupt",
      "The manifest of a release cannot be read. Build the release again.",
    );
  return {
    version: String(tree["version"]),
    commit: String(tree["commit"]),
    daemons: String(tree["daemons"]).split(" "),
    archives: tree["archives"] as ArchiveEntry[],
    files: tree["files"] as FileEntry[],
  };
}
