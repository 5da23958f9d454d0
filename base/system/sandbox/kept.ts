import type { Channel } from "./channel.ts";
import { childrenOf, descendantsOf, isOver, lineBelow, numberWithin } from "./proc.ts";
import { killGroup, type Running } from "./running.ts";

/**
 * What the keeper started, which numbers its processes by itself: `{"pid": …}` is the first process, and `child-pid`
 * the first one of bubblewrap's own namespace.
 * @param keeper the first process of the keeper's namespace
 * @param initDepth see Launch
 */
export function keptRunning(channel: Channel, keeper: number, initDepth: number | undefined): Running {
  let said = "";
  channel.status.setEncoding("latin1").on("data", (text: string) => (said += text));
  const number = (pattern: RegExp) => Number(pattern.exec(said)?.[1] ?? 0);
  const known = new Map<number, number>();
  /** As this process numbers it. */
  const outside = (inside: number, below: () => readonly number[]): number | undefined => {
    if (inside === 0) return undefined;
    const before = known.get(inside);
    const found = before ?? below().find((it) => numberWithin(it) === inside);
    if (found === undefined || isOver(found)) return undefined;
    known.set(inside, found);
    return found;
  };
  const first = () => outside(number(/"pid": (\d+)/), () => childrenOf(keeper));
  const reportedInit = () => number(/"child-pid": (\d+)/);
  const init = () => {
    const pid = first();
    const own = reportedInit();
    // An orphan is the keeper's.
    const below = () => [...(pid === undefined ? [] : childrenOf(pid)), ...childrenOf(keeper)];
    if (own > 0) return outside(own, below);
    return pid === undefined || initDepth === undefined
      ? undefined
      : lineBelow(pid, initDepth)[initDepth - 1];
  };
  return {
    stdout: channel.stdout,
    stderr: channel.stderr,
    status: channel.status,
    ended: new Promise((resolve) => {
      channel.status.once("close", () => resolve({ code: null, signal: null }));
    }),
    closed: channel.closed,
    first,
    init,
    line: () => {
      const pid = first();
      return pid === undefined ? [] : [pid, ...lineBelow(pid, initDepth ?? 0)];
    },
    initIsOver: () => reportedInit() === 0 || isOver(reportedInit(), `/proc/${keeper}/root/proc`),
    around: () => descendantsOf(keeper), // nobody leaves a process namespace, orphans least of all
    signal: (name) => {
      const pid = first();
      if (pid !== undefined) killGroup(pid, name);
    },
  };
}
