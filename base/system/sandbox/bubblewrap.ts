import { dirname } from "node:path";
import type { Bounds } from "../../processes.ts";
import { limitArgs, shellLimits } from "./limits.ts";
import type { PreparedRoot } from "./prepared-root.ts";
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
  /** The same, mounted by the keeper once and for all. */
  prepared?: PreparedRoot;
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
const OWN_PROCESSES = ["--proc", "/proc"];
const OWN_DEVICES = ["--dev", "/dev"];
const OWN_MEMORY = [...memoryFolder("/dev/shm"), ...memoryFolder("/tmp")];
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
      ...(machine.prepared?.shows(bounds)
        ? onPrepared(machine.prepared, bounds)
        : onNothing(machine, bounds)),
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

/** All of the root, mount by mount. */
function onNothing({ system, networkFiles, gpuDevices }: BubblewrapMachine, bounds: Bounds): string[] {
  return [
    ...system,
    ...(bounds.network ? networkFiles : []),
    ...OWN_PROCESSES,
    ...OWN_DEVICES,
    ...OWN_MEMORY,
    ...(bounds.gpu ? gpuDevices : []),
    ...parentsOf(pathsOf(bounds)).flatMap(folder),
    ...jobFiles(bounds),
    ...SEALED,
  ];
}

/** The job's own mounts alone. bubblewrap reads the list of all mounts after each, so that every one counts. */
function onPrepared({ root, devices }: PreparedRoot, bounds: Bounds): string[] {
  const jobs = dirname(bounds.folder);
  const missing = parentsOf(pathsOf(bounds)).filter(
    (path) => path.startsWith("/tmp/") || path.startsWith(`${jobs}/`),
  );
  const apart = !jobs.startsWith("/tmp/");
  return [
    "--ro-bind",
    root,
    "/",
    ...OWN_PROCESSES,
    "--dev-bind",
    devices,
    "/dev",
    ...OWN_MEMORY,
    ...(apart ? ["--perms", "0755", "--tmpfs", jobs] : []),
    ...missing.flatMap(folder),
    ...jobFiles(bounds),
    ...(apart ? ["--remount-ro", jobs] : []),
  ];
}

function jobFiles({ writable, ...bounds }: Bounds): string[] {
  return [
    ...shownOf(bounds).flatMap((path) => ["--ro-bind", path, path]),
    ...writable.flatMap((path) => ["--bind", path, path]),
  ];
}

function pathsOf(bounds: Bounds): string[] {
  return [...shownOf(bounds), ...bounds.writable];
}

function shownOf({ readable, input }: Pick<Bounds, "readable" | "input">): string[] {
  const all = [...readable, ...(input === undefined ? [] : [input])];
  return all.filter((path) => !path.startsWith("/usr/"));
}

function parentsOf(paths: readonly string[]): string[] {
  const found = new Set<string>();
  for (const path of paths) {
    for (let up = dirname(path); up !== "/" && up !== "/tmp"; up = dirname(up)) found.add(up);
  }
  return [...found].toSorted((a, b) => a.length - b.length);
}
