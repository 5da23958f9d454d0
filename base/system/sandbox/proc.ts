import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";

/**
 * What /proc tells about other processes (https://docs.kernel.org/filesystems/proc.html). A process may be gone by the
 * time it is looked at, and then simply does not count.
 */
export function allProcesses(): number[] {
  return (attempt(() => readdirSync("/proc")) ?? []).map(Number).filter(Number.isInteger);
}

/** Every process below this one. A child hangs on the thread that started it, so all threads are asked. */
export function descendantsOf(pid: number): number[] {
  const found: number[] = [];
  const open = [pid];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const children = childrenOf(next);
    found.push(...children);
    open.push(...children);
  }
  return found;
}

/** The first child, its first child, and so on, at most this many. */
export function lineBelow(pid: number, generations: number): number[] {
  const [first] = generations > 0 ? childrenOf(pid) : [];
  return first === undefined ? [] : [first, ...lineBelow(first, generations - 1)];
}

export function childrenOf(pid: number): number[] {
  const threads = attempt(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return threads.flatMap((thread) => {
    const listed = attempt(() => readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1")) ?? "";
    return listed.split(" ").filter(Boolean).map(Number);
  });
}

/**
 * True when it runs no more: absent, or only waiting for its parent to take note.
 * @param proc the /proc that numbers processes so
 */
export function isOver(pid: number, proc = "/proc"): boolean {
  const path = `${proc}/${pid}/stat`;
  // Most are gone when they are asked for, and an error costs more than a look.
  const stat = existsSync(path) ? attempt(() => readFileSync(path, "latin1")) : undefined;
  // The name before it, in parentheses, may hold anything.
  return stat === undefined || /^ [ZX]/.test(stat.slice(stat.lastIndexOf(")") + 1));
}

/** How the process namespace just below this one numbers it; undefined when it is in none. */
export function numberWithin(pid: number): number | undefined {
  const status = attempt(() => readFileSync(`/proc/${pid}/status`, "latin1")) ?? "";
  const [, within] = /^NSpid:\t\d+\t(\d+)/m.exec(status) ?? [];
  return within === undefined ? undefined : Number(within);
}

/**
 * Memory that is no copy of a file, bytes: what a process has for itself, and what it shares with others (or could).
 */
export function memoryOf(pid: number): { own: number; shared: number } {
  const status = attempt(() => readFileSync(`/proc/${pid}/status`, "latin1")) ?? "";
  const bytes = (pattern: RegExp) => Number(pattern.exec(status)?.[1] ?? 0) * 1024;
  return { own: bytes(/^RssAnon:\s+(\d+) kB/m), shared: bytes(/^RssShmem:\s+(\d+) kB/m) };
}

export function commandOf(pid: number): string {
  return (attempt(() => readFileSync(`/proc/${pid}/cmdline`, "utf8")) ?? "").replaceAll("\0", " ");
}

export function userOf(pid: number): number | undefined {
  const status = attempt(() => readFileSync(`/proc/${pid}/status`, "latin1")) ?? "";
  const [, uid] = /^Uid:\t(\d+)/m.exec(status) ?? [];
  return uid === undefined ? undefined : Number(uid);
}

export function threadsOf(pid: number): number {
  return attempt(() => readdirSync(`/proc/${pid}/task`))?.length ?? 0;
}

/** Whether the environment it was started with holds `NAME=beginning…`. */
export function startedWith(pid: number, entry: string): boolean {
  const environment = attempt(() => readFileSync(`/proc/${pid}/environ`));
  return environment !== undefined && `\0${environment.toString("latin1")}`.includes(`\0${latin(entry)}`);
}

export function worksBelow(pid: number, folder: string): boolean {
  return attempt(() => readlinkSync(`/proc/${pid}/cwd`))?.startsWith(folder) ?? false;
}

export interface NamelessFile {
  /** Device and inode: the same file in two processes is one. */
  id: string;
  device: number;
  bytes: number;
}

/** Files that a process holds open though they have no name, and how many descriptors it has. */
export function namelessFilesOf(pid: number): { files: NamelessFile[]; descriptors: number } {
  const descriptors = attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  const files = descriptors.flatMap((fd) => {
    const it = attempt(() => statSync(`/proc/${pid}/fd/${fd}`));
    if (it?.nlink !== 0) return [];
    return [{ id: `${it.dev} ${it.ino}`, device: it.dev, bytes: it.blocks * 512 }];
  });
  return { files, descriptors: descriptors.length };
}

/** Processes that the kernel has ended for want of memory since it started; undefined when it does not count them. */
export function outOfMemoryKills(): number | undefined {
  const [, count] =
    /^oom_kill (\d+)/m.exec(attempt(() => readFileSync("/proc/vmstat", "latin1")) ?? "") ?? [];
  return count === undefined ? undefined : Number(count);
}

function latin(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined; // gone, or not ours to see
  }
}
