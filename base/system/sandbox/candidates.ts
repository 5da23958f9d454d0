import { existsSync } from "node:fs";
import { bubblewrapped } from "./bubblewrap.ts";
import { Keeper, kept } from "./keeper.ts";
import { grouped, namespaced, type User } from "./namespaces.ts";
import { allProcesses, threadsOf, userOf } from "./proc.ts";
import type { ConfinedOptions, Launch, Sandbox, SandboxKind } from "./sandbox.ts";
import { gpuArgs, networkFileArgs, systemFileArgs } from "./system-files.ts";
import { type UserPool, usersFor } from "./users.ts";

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

const TOOLS = ["bwrap", "prlimit", "setpriv", "unshare", "nsenter", "cat"];

/** All ways to confine a program that this machine may offer, the strongest first. None has been tried yet. */
export function candidates(place: SandboxPlace & { filter: string }): Candidate[] {
  const [bwrap, prlimit, setpriv, unshare, nsenter, cat] = TOOLS.map(tool);
  const users = usersFor(place.workDir, place.slots);
  if (prlimit === undefined || setpriv === undefined) {
    const fault = "util-linux is not installed (prlimit, setpriv)";
    return [
      { kind: "bubblewrap", fault },
      { kind: "process-group", fault },
    ];
  }
  const others = threadsOfThisUser();
  const keeper =
    unshare === undefined || nsenter === undefined || cat === undefined
      ? undefined
      : new Keeper({ unshare, nsenter, cat });
  return [
    ...(bwrap === undefined
      ? [
          {
            kind: "bubblewrap",
            fault: "it is not installed (Debian, Ubuntu: apt-get install bubblewrap)",
          } as const,
        ]
      : withKeeper(bubblewraps({ bwrap, prlimit, setpriv, filter: place.filter }, users), keeper, [
          "pid",
          "mnt",
        ])),
    ...(unshare === undefined
      ? []
      : withKeeper(
          weakOnes("pid-namespace", users, (argv, options, user) =>
            namespaced({ prlimit, setpriv, unshare }, argv, options, user),
          ),
          keeper,
          ["pid"],
        )),
    ...weakOnes("process-group", users, (argv, options, user) =>
      grouped({ prlimit, setpriv }, argv, options, user, others),
    ),
  ];
}

/** First those that end with the agent at every moment. bubblewrap looks its own processes up in its keeper's /proc. */
function withKeeper(
  sandboxes: Sandbox[],
  keeper: Keeper | undefined,
  own: readonly ("pid" | "mnt")[],
): Sandbox[] {
  const alone = sandboxes.map((it) => ({
    ...it,
    weakness: [it.weakness, "a program may outlive an agent that is killed while it starts it"]
      .filter(Boolean)
      .join("; "),
  }));
  return keeper === undefined ? alone : [...sandboxes.map((it) => kept(it, keeper, own)), ...alone];
}

/** For a container's root that may become nobody else: no root inside, at least. */
const NOBODY = ["--uid", "65534", "--gid", "65534"];

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
  const user = ["--unshare-user", ...(process.getuid?.() === 0 ? NOBODY : [])];
  const ways = users === undefined ? [[...user, "--disable-userns"], user] : [[]];
  return ways.map((namespaces) => ({
    kind: "bubblewrap",
    ...(users === undefined ? {} : { users }),
    launch: (argv, options, uid) => bubblewrapped({ ...machine, namespaces }, argv, options, uid),
  }));
}

/** Without a file system of its own a program must pass through the folders above its own: as nobody, if it can. */
function weakOnes(
  kind: SandboxKind,
  users: UserPool | undefined,
  launch: (argv: readonly string[], options: ConfinedOptions, user: User) => Launch,
): Sandbox[] {
  if (users === undefined) {
    return [{ kind, launch: (argv, options) => launch(argv, options, { uid: undefined, readsAll: false }) }];
  }
  return [false, true].map((readsAll) => ({
    kind,
    users,
    ...(readsAll ? { weakness: "programs can read every file of this machine" } : {}),
    launch: (argv, options, uid) => launch(argv, options, { uid, readsAll }),
  }));
}

function tool(name: string): string | undefined {
  return TOOL_FOLDERS.map((folder) => `${folder}/${name}`).find((path) => existsSync(path));
}

/** What counts in the limit of processes where programs run as the agent's own user. */
function threadsOfThisUser(): number {
  const uid = process.getuid?.();
  return allProcesses()
    .filter((pid) => userOf(pid) === uid)
    .reduce((sum, pid) => sum + threadsOf(pid), 0);
}
