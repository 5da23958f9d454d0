import { existsSync } from "node:fs";
import { bubblewrapped, type BubblewrapMachine } from "./bubblewrap.ts";
import { Keeper } from "./keeper.ts";
import { grouped, groupedByKeeper, namespaced, type User } from "./namespaces.ts";
import { allProcesses, threadsOf, userOf } from "./proc.ts";
import type { ConfinedOptions, Launch, Sandbox, SandboxKind } from "./sandbox.ts";
import { PreparedRoot } from "./prepared-root.ts";
import { gpuArgs, networkFileArgs, systemFileArgs, systemFiles } from "./system-files.ts";
import { isMachinesRoot, type UserPool, usersFor } from "./users.ts";

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

const TOOLS = ["bwrap", "prlimit", "setpriv", "unshare", "bash", "env"];

/** All ways to confine a program that this machine may offer, the strongest first. None has been tried yet. */
export function candidates(place: SandboxPlace & { filter: string }): Candidate[] {
  const [bwrap, prlimit, setpriv, unshare, bash, env] = TOOLS.map(tool);
  const users = usersFor(place.workDir, place.slots);
  if (prlimit === undefined || setpriv === undefined) {
    const fault = "util-linux is not installed (prlimit, setpriv)";
    return [
      { kind: "bubblewrap", fault },
      { kind: "process-group", fault },
    ];
  }
  const others = threadsOfThisUser();
  const prepared =
    bwrap === undefined || users === undefined ? undefined : new PreparedRoot(place.workDir, systemFiles());
  const keeper =
    unshare === undefined || bash === undefined || env === undefined
      ? undefined
      : new Keeper({ unshare, bash, env }, place.workDir, prepared);
  const keptLimits = users !== undefined && isMachinesRoot();
  const tools = { prlimit, setpriv, filter: place.filter };
  return [
    ...(bwrap === undefined
      ? [
          {
            kind: "bubblewrap",
            fault: "it is not installed (Debian, Ubuntu: apt-get install bubblewrap)",
          } as const,
        ]
      : withKeeper(keeper, (kept) =>
          bubblewraps(
            { ...tools, bwrap, kept, keptLimits: kept && keptLimits },
            users,
            kept ? prepared : undefined,
          ),
        )),
    ...(unshare === undefined
      ? []
      : withKeeper(keeper, () =>
          weakOnes("pid-namespace", users, (argv, options, user) =>
            namespaced({ prlimit, setpriv, unshare }, argv, options, user),
          ),
        )),
    ...withKeeper(keeper, (kept) =>
      weakOnes("process-group", users, (argv, options, user) =>
        kept
          ? groupedByKeeper({ prlimit, setpriv }, argv, options, user, others, keptLimits)
          : grouped({ prlimit, setpriv }, argv, options, user, others),
      ),
    ),
  ];
}

/** First those that end with the agent at every moment. */
function withKeeper(keeper: Keeper | undefined, sandboxes: (kept: boolean) => Sandbox[]): Sandbox[] {
  const alone = sandboxes(false).map((it) => ({
    ...it,
    weakness: [it.weakness, "a program may outlive an agent that is killed while it starts it"]
      .filter(Boolean)
      .join("; "),
  }));
  if (keeper === undefined) return alone;
  const kept = sandboxes(true).map((it) => ({
    ...it,
    starter: keeper,
    ready: () => keeper.ready(),
    close: () => keeper.close(),
  }));
  return [...kept, ...alone];
}

/** For a container's root that may become nobody else: no root inside, at least. */
const NOBODY = ["--uid", "65534", "--gid", "65534"];

function bubblewraps(
  tools: Pick<BubblewrapMachine, "bwrap" | "prlimit" | "setpriv" | "filter" | "kept" | "keptLimits">,
  users: UserPool | undefined,
  prepared: PreparedRoot | undefined,
): Sandbox[] {
  const machine = {
    ...tools,
    system: systemFileArgs(systemFiles()),
    networkFiles: networkFileArgs(),
    gpuDevices: gpuArgs(),
  };
  // An older bubblewrap knows no --disable-userns; the system-call filter refuses them as well.
  const user = ["--unshare-user", ...(process.getuid?.() === 0 ? NOBODY : [])];
  const ways: Pick<BubblewrapMachine, "namespaces" | "prepared">[] =
    users === undefined
      ? [{ namespaces: [...user, "--disable-userns"] }, { namespaces: user }]
      : [...(prepared === undefined ? [] : [{ namespaces: [], prepared }]), { namespaces: [] }];
  return ways.map((way) => ({
    kind: "bubblewrap",
    ...(users === undefined ? {} : { users }),
    launch: (argv, options, uid) => bubblewrapped({ ...machine, ...way }, argv, options, uid),
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
