import { totalmem } from "node:os";
import type { Bounds } from "../../processes.ts";

/** Enough for any program that serves one job; a leak ends here instead of at the machine's limit. */
const MOST_OPEN_FILES = 8_192;

/**
 * The kernel's own limits, set by prlimit(1) just before the program. Memory is RLIMIT_DATA: what a process may write
 * to and nobody else, counted when it becomes writable. RLIMIT_AS would count address space, of which Node and every
 * runtime like it reserves far more than it uses. Source: setrlimit(2).
 * @param others processes and threads of the same user that the kernel counts in
 */
export function limitArgs(prlimit: string, bounds: Bounds, others: number): string[] {
  const limits = {
    core: 0,
    data: memoryLimit(bounds),
    fsize: bounds.maxDiskBytes,
    cpu: Math.ceil(bounds.maxCpuS),
    nofile: MOST_OPEN_FILES,
    nproc: bounds.maxProcesses + others,
  };
  return [prlimit, ...Object.entries(limits).map(([name, value]) => `--${name}=${value}`), "--"];
}

export function memoryLimit(bounds: Bounds): number {
  return bounds.maxMemoryBytes ?? totalmem();
}
