import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { bubblewrapped } from "./bubblewrap.ts";
import { grouped, namespaced } from "./namespaces.ts";
import { allProcesses, threadsOf, userOf } from "./proc.ts";
import { type Sandbox, type SandboxKind, UserPool } from "./sandbox.ts";
import { gpuArgs, networkFileArgs, systemFileArgs } from "./system-files.ts";

export interface SandboxPlace {
  /** The agent's own folder. */
  workDir: string;
  /** The Node runtime that programs get; the trial runs it. */
  node: string;
  /** Programs at the same time. */
  slots: number;
}

type Candidate = Sandbox | { kind: SandboxKind; fault: string };

/** The helpers lie where only root can put them, whatever the PATH says. */
const TOOL_FOLDERS = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];

/** All ways to confine a program that this machine may offer, the strongest first. None has been tried yet. */
export function candidates(place: SandboxPlace & { filter: string }): Candidate[] {
  const [bwrap, prlimit, setpriv, unshare] = ["bwrap", "prlimit", "setpriv", "unshare"].map(tool);
  const users = usersFor(place);
  if (prlimit === undefined || setpriv === undefined) {
    const fault = "util-linux is not installed (prlimit, setpriv)";
    return [
      { kind: "bubblewrap", fault },
      { kind: "process-group", fault },
    ];
  }
  const withUsers = users === undefined ? [undefined] : [users, undefined];
  return [
    ...(bwrap === undefined
      ? [
          {
            kind: "bubblewrap",
            fault: "it is not installed (Debian, Ubuntu: apt-get install bubblewrap)",
          } as const,
        ]
      : bubblewraps({ bwrap, prlimit, setpriv, filter: place.filter }, users)),
    ...(unshare === undefined
      ? []
      : withUsers.map((it) =>
          weak("pid-namespace", it, (argv, options, uid) =>
            namespaced({ prlimit, setpriv, unshare }, argv, options, uid),
          ),
        )),
    ...withUsers.map((it) => {
      const others = threadsOfThisUser();
      return weak("process-group", it, (argv, options, uid) =>
        grouped({ prlimit, setpriv }, argv, options, uid, others),
      );
    }),
  ];
}

function bubblewraps(
  tools: { bwrap: string; prlimit: string; setpriv: string; filter: string },
  users: UserPool | undefined,
): Sandbox[] {
  const machine = {
    ...tools,
    system: systemFileArgs(),
    networkFiles: networkFileArgs(),
    gpuDevices: gpuArgs(),
  };
  // An older bubblewrap knows no --disable-userns; the system-call filter refuses them as well.
  const ways = users === undefined ? [["--unshare-user", "--disable-userns"], ["--unshare-user"]] : [[]];
  return ways.map((namespaces) => ({
    kind: "bubblewrap",
    ...(users === undefined ? {} : { users }),
    launch: (argv, options, uid) => bubblewrapped({ ...machine, namespaces }, argv, options, uid),
  }));
}

function weak(kind: SandboxKind, users: UserPool | undefined, launch: Sandbox["launch"]): Sandbox {
  return { kind, ...(users === undefined ? {} : { users }), launch };
}

function tool(name: string): string | undefined {
  return TOOL_FOLDERS.map((folder) => `${folder}/${name}`).find((path) => existsSync(path));
}

/** Each work folder has a block of numbers of its own, so that agents side by side share none. */
const FIRST_USER = 1_200_000_000;
const BLOCK = 1_024;
const BLOCKS = 500_000;
/** A trial may run while a job does. */
const SPARE_USERS = 2;

function usersFor({ workDir, slots }: SandboxPlace): UserPool | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [, , count = 0] = readFileSync("/proc/self/uid_map", "latin1").trim().split(/\s+/).map(Number);
  if (count < FIRST_USER + BLOCK * BLOCKS) return undefined; // a container with few users of its own
  const block = createHash("sha256").update(workDir).digest().readUInt32BE() % BLOCKS;
  return new UserPool(FIRST_USER + block * BLOCK, Math.min(BLOCK, slots + SPARE_USERS));
}

/** What counts in the limit of processes where programs run as the agent's own user. */
function threadsOfThisUser(): number {
  const uid = process.getuid?.();
  return allProcesses()
    .filter((pid) => userOf(pid) === uid)
    .reduce((sum, pid) => sum + threadsOf(pid), 0);
}
