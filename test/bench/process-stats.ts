import { readFileSync } from "node:fs";

/** Processor time in milliseconds. */
export interface CpuTime {
  /** The process itself, all threads, user and system. */
  ownMs: number;
  /** Its children that have ended and were waited for. */
  childrenMs: number;
}

/** The kernel counts processor time for /proc in hundredths of a second (USER_HZ), on every Linux. */
const TICK_MS = 10;

/** Reads /proc/PID/stat (proc(5): utime, stime, cutime, cstime are fields 14 to 17). */
export function cpuTimeOf(pid: number | "self"): CpuTime {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field is the program's name in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = (field: number) => Number(fields[field - 3]);
  return { ownMs: (ticks(14) + ticks(15)) * TICK_MS, childrenMs: (ticks(16) + ticks(17)) * TICK_MS };
}

/** Resident memory in bytes. */
export function residentBytesOf(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  if (kib === undefined) throw new Error(`/proc/${pid}/status names no VmRSS.`);
  return Number(kib) * 1024;
}
