import { setTimeout as sleep } from "node:timers/promises";
import { allProcesses, commandOf, isOver, startedWith, userOf, worksBelow } from "./proc.ts";

/** In the environment of every program: by it, what a program started is known for as long as it lives. */
export const MARK = "DROVER_JOB_FOLDER";

const SETTING_UP = "/usr/bin/bwrap ";

/** How long the kernel may take to end what was killed; a process that hangs in a device driver can take for ever. */
const LONGEST_END_MS = 5_000;

/**
 * Every process that was started by a program whose job folder begins so, or that works in one, or that runs as one
 * of these users.
 * @param folders ends with a slash
 * @param among the processes to look at
 */
export function survivors(
  folders: string,
  isTheirs: (uid: number) => boolean = () => false,
  among: readonly number[] = allProcesses(),
): number[] {
  return among.filter((pid) => {
    if (pid === process.pid || isOver(pid)) return false;
    const uid = userOf(pid);
    if (uid !== undefined && isTheirs(uid)) return true;
    if (startedWith(pid, `${MARK}=${folders}`) || worksBelow(pid, folders)) return true;
    // While it sets a sandbox up, only root may see bubblewrap's environment.
    const command = commandOf(pid);
    return command.startsWith(SETTING_UP) && command.includes(` ${folders}`);
  });
}

/**
 * Ends all that `find` finds, also while they go on starting others: first none may run any more, then all are killed.
 * Resolves to the number of those ended; gives up after some seconds.
 */
export async function endAll(find: () => number[]): Promise<number> {
  const stopped = new Set<number>();
  const giveUpAt = performance.now() + LONGEST_END_MS;
  for (;;) {
    const found = find();
    if (found.length === 0) return stopped.size;
    const unseen = found.filter((pid) => !stopped.has(pid));
    for (const pid of unseen) signal(pid, "SIGSTOP");
    for (const pid of unseen) stopped.add(pid);
    if (unseen.length > 0) continue; // what they started meanwhile
    for (const pid of found) signal(pid, "SIGKILL");
    if (performance.now() > giveUpAt) return stopped.size;
    await sleep(1);
  }
}

/** Resolves when it is so, or when that takes too long. What the kernel ends is gone within a millisecond or two. */
export async function until(isSo: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + LONGEST_END_MS;
  while (!isSo() && performance.now() < giveUpAt) await sleep(1);
}

/** Gone already, or another user's by now: nothing to do. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // ESRCH or EPERM
  }
}
