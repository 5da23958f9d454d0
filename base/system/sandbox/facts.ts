import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** What this machine offers to confine programs with. */
export interface SandboxFacts {
  /** `bubblewrap 0.8.0`; undefined where it is not installed. */
  bubblewrap?: string;
  /** What keeps users who are not root from making namespaces; undefined when nothing is known to. */
  namespaceObstacle?: string;
  isRoot: boolean;
  cgroup: "v2" | "v1" | "none";
}

export function sandboxFacts(): SandboxFacts {
  const bubblewrap = versionOf("bwrap");
  const namespaceObstacle = obstacle();
  return {
    ...(bubblewrap === undefined ? {} : { bubblewrap }),
    ...(namespaceObstacle === undefined ? {} : { namespaceObstacle }),
    isRoot: process.getuid?.() === 0,
    cgroup: cgroupVersion(),
  };
}

function versionOf(program: string): string | undefined {
  try {
    return execFileSync(program, ["--version"], { encoding: "utf8", timeout: 5_000 }).trim();
  } catch {
    return undefined;
  }
}

/** The switches of the kernel, of Debian's and of Ubuntu's (since 23.10), all with the same effect. */
const SWITCHES: readonly (readonly [file: string, closed: string])[] = [
  ["/proc/sys/user/max_user_namespaces", "0"],
  ["/proc/sys/kernel/unprivileged_userns_clone", "0"],
  ["/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"],
];

function obstacle(): string | undefined {
  const found = SWITCHES.find(([file, closed]) => textOf(file) === closed);
  return found === undefined ? undefined : `${found[0]} is ${found[1]}`;
}

function cgroupVersion(): SandboxFacts["cgroup"] {
  if (existsSync("/sys/fs/cgroup/cgroup.controllers")) return "v2";
  return existsSync("/sys/fs/cgroup/memory") ? "v1" : "none";
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** Whether a program of this name is on the PATH. */
export function isOnPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
}
