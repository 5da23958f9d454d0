import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";

const O_CLOEXEC = 0o2000000;
let found: readonly number[] | undefined;

/**
 * The descriptors beyond the three usual ones that this process got from whoever started it, and that any child would
 * get in turn. Programs must not. Node's own are closed by themselves.
 */
export function inherited(): readonly number[] {
  found ??= readdirSync("/proc/self/fd")
    .map(Number)
    .filter((fd) => fd > 2 && isPassedOn(fd));
  return found;
}

/** Calls `start` with a descriptor that has nothing in it, for what a child shall not get. */
export function withNothing<T>(start: (nothing: number) => T): T {
  const nothing = openSync("/dev/null", "r");
  try {
    return start(nothing);
  } finally {
    closeSync(nothing);
  }
}

function isPassedOn(fd: number): boolean {
  try {
    const [, flags = ""] = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1")) ?? [];
    return (Number.parseInt(flags, 8) & O_CLOEXEC) === 0;
  } catch {
    return false; // it was the one that reads the folder
  }
}
