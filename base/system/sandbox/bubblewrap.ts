import { dirname } from "node:path";
import { limitArgs, shellLimits } from "./limits.ts";
import { folder } from "./system-files.ts";
import { userArgs } from "./users.ts";
import type { ConfinedOptions, Launch } from "./sandbox.ts";

/** What bubblewrap is told about this machine once. */
export interface BubblewrapMachine {
  bwrap: string;
  prlimit: string;
  setpriv: string;
  /** Arguments that show the system's programs and libraries, see system-files.ts. */
  system: readonly string[];
  /** Certificates and name resolution, for programs with network. */
  networkFiles: readonly string[];
  gpuDevices: readonly string[];
  /** A file with the system-call filter. */
  filter: string;
  /** How the namespaces are made: as root, or by an unprivileged user. */
  namespaces: readonly string[];
  /** A keeper starts it. */
  kept: boolean;
  /** The keeper sets the limits, too: one program less to start. They bind all that comes after. */
  keptLimits: boolean;
}

/** Descriptor 3 is the program's own. */
const STATUS_FD = 4;
const FILTER_FD = 5;
/** With a keeper, see starter-script.ts. */
const GO_FD = 6;
const MORE_FD = 7;
/** Files in memory that a program may keep in /tmp and /dev/shm; they count for no limit of its own. */
const MEMORY_FILES_BYTES = 64 * 2 ** 20;

const DESCRIPTORS = ["--json-status-fd", String(STATUS_FD), "--seccomp", String(FILTER_FD)];
/** It sets everything up, and starts the program at the sign. */
const KEPT = ["--block-fd", String(GO_FD), "--args", String(MORE_FD)];
const NAMESPACES = [
  ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"],
  ["--hostname", "job"],
  ["--die-with-parent", "--new-session"],
].flat();
const OWN_FILES = [
  ["--proc", "/proc"],
  ["--dev", "/dev"],
  memoryFolder("/dev/shm"),
  memoryFolder("/tmp"),
].flat();
/** What bubblewrap has made itself would be the user's to write to. */
const SEALED = ["--remount-ro", "/dev", "--remount-ro", "/"];
/** Of root's rights, for the time until setpriv(1) has made it the program's user. */
const SETUP_RIGHTS = [
  ["--cap-drop", "ALL"],
  ["--cap-add", "CAP_SETUID"],
  ["--cap-add", "CAP_SETGID"],
  ["--cap-add", "CAP_SETPCAP"],
].flat();

/**
 * The program in namespaces of its own, in a root that is empty but for what it needs: the system's programs and
 * libraries, its service, its input, its folders. bubblewrap's own environment is readable at /proc/1/environ in
 * there, so it gets the program's, and the loader's variables only behind it; or none, from a keeper.
 * With `uid`, bubblewrap runs as root and sets the user up last; without, all of it is the agent's own user.
 */
export function bubblewrapped(
  machine: BubblewrapMachine,
  argv: readonly string[],
  options: ConfinedOptions,
  uid: number | undefined,
): Launch {
  const { bounds, cwd } = options;
  const { kept, keptLimits } = machine;
  const isLate = (name: string) => kept || name.startsWith("LD_");
  const all = Object.entries(options.env);
  const late = all.flatMap(([name, value]) => (isLate(name) ? ["--setenv", name, value] : []));
  return {
    argv: [
      machine.bwrap,
      ...machine.namespaces,
      ...NAMESPACES,
      ...(bounds.network ? [] : ["--unshare-net"]),
      ...DESCRIPTORS,
      ...(uid === undefined ? [] : SETUP_RIGHTS),
      ...machine.system,
      ...(bounds.network ? machine.networkFiles : []),
      ...OWN_FILES,
      ...(bounds.gpu ? machine.gpuDevices : []),
      ...jobFiles(options),
      ...SEALED,
      "--chdir",
      cwd,
      ...(kept ? KEPT : late),
      "--",
      ...(keptLimits ? [] : limitArgs(machine.prlimit, bounds, 0)),
      ...(uid === undefined ? [] : userArgs(machine.setpriv, uid)),
      ...argv,
    ],
    env: Object.fromEntries(all.filter(([name]) => !isLate(name))),
    statusFd: STATUS_FD,
    initDepth: 1,
    file: { fd: FILTER_FD, path: machine.filter },
    ...(kept ? { more: late } : {}),
    ...(keptLimits ? { limits: shellLimits(bounds) } : {}),
  };
}

function memoryFolder(path: string): string[] {
  return ["--perms", "1777", "--size", String(MEMORY_FILES_BYTES), "--tmpfs", path];
}

function jobFiles({ bounds }: ConfinedOptions): string[] {
  const readable = [...bounds.readable, ...(bounds.input === undefined ? [] : [bounds.input])];
  const shown = readable.filter((path) => !path.startsWith("/usr/"));
  return [
    ...parentsOf([...shown, ...bounds.writable]).flatMap(folder),
    ...shown.flatMap((path) => ["--ro-bind", path, path]),
    ...bounds.writable.flatMap((path) => ["--bind", path, path]),
  ];
}

function parentsOf(paths: readonly string[]): string[] {
  const found = new Set<string>();
  for (const path of paths) {
    for (let up = dirname(path); up !== "/" && up !== "/tmp"; up = dirname(up)) found.add(up);
  }
  return [...found].toSorted((a, b) => a.length - b.length);
}
