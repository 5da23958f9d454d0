import { limitArgs, shellLimits } from "./limits.ts";
import type { ConfinedOptions, Launch } from "./sandbox.ts";
import { userArgs } from "./users.ts";

/** Programs of util-linux, absolute. */
export interface UtilLinux {
  prlimit: string;
  setpriv: string;
  unshare: string;
}

/** The user a program runs as; undefined: the agent's own. */
export interface User {
  uid: number | undefined;
  /** It may read every file: where a user of its own cannot get through the folders above its own otherwise. */
  readsAll: boolean;
}

const NAMESPACES = ["--pid", "--fork", "--kill-child", "--mount-proc", "--ipc", "--uts"];

/**
 * The first process of a namespace, which the kernel shields from every signal of its own namespace (pid_namespaces(7)):
 * a program in its place could not end itself by one. It says how the program ended as shells do, 128 + n for signal n.
 */
const FIRST_PROCESS = ["/bin/sh", "-c", '"$@"; exit $?', "sh"];

/**
 * Without bubblewrap: processes (and network) of its own, but the machine's files. When the first process of the
 * namespace ends, the kernel ends all others with it; it dies with unshare(1), and that with the agent.
 */
export function namespaced(
  { prlimit, setpriv, unshare }: UtilLinux,
  argv: readonly string[],
  { bounds, env }: ConfinedOptions,
  { uid, readsAll }: User,
): Launch {
  return {
    argv: [
      ...dyingWithParent(setpriv),
      unshare,
      ...NAMESPACES,
      ...(uid === undefined ? ["--user", "--map-current-user"] : []),
      ...(bounds.network ? [] : ["--net"]),
      "--",
      ...FIRST_PROCESS,
      ...limitArgs(prlimit, bounds, uid === undefined ? 1 : 0),
      ...(uid === undefined ? [] : userArgs(setpriv, uid, readsAll)),
      ...argv,
    ],
    env,
    initDepth: 1,
  };
}

/** Where the kernel gives no namespaces either: limits, no new rights, and a first process that dies with the agent. */
export function grouped(
  { prlimit, setpriv }: Pick<UtilLinux, "prlimit" | "setpriv">,
  argv: readonly string[],
  { bounds, env }: ConfinedOptions,
  { uid, readsAll }: User,
  others: number,
): Launch {
  return {
    argv: [
      ...limitArgs(prlimit, bounds, uid === undefined ? others : 0),
      ...(uid === undefined ? [] : userArgs(setpriv, uid, readsAll)),
      ...dyingWithParent(setpriv),
      ...argv,
    ],
    env,
  };
}

/** The same within a keeper, which ends all of them with the agent. @param limits set by the keeper, where it may */
export function groupedByKeeper(
  { prlimit, setpriv }: Pick<UtilLinux, "prlimit" | "setpriv">,
  argv: readonly string[],
  { bounds, env }: ConfinedOptions,
  { uid, readsAll }: User,
  others: number,
  keptLimits: boolean,
): Launch {
  const user = uid === undefined ? [setpriv, "--"] : userArgs(setpriv, uid, readsAll);
  return {
    argv: [
      ...(keptLimits ? [] : limitArgs(prlimit, bounds, uid === undefined ? others : 0)),
      ...user.toSpliced(-1, 0, "--no-new-privs"),
      ...argv,
    ],
    env,
    ...(keptLimits ? { limits: shellLimits(bounds) } : {}),
  };
}

function dyingWithParent(setpriv: string): string[] {
  return [setpriv, "--pdeathsig", "KILL", "--no-new-privs", "--"];
}
