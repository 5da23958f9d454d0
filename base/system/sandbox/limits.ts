import type { Bounds } from "../../processes.ts";

/** Enough for any program that serves one job; a leak ends here instead of at the machine's limit. */
const MOST_OPEN_FILES = 8_192;

/**
 * The kernel's own limits, set by prlimit(1) just before the program. None is on memory: RLIMIT_AS counts address space
 * and RLIMIT_DATA what may be written to, of which each V8 isolate reserves 540 MiB and uses 10; see watch.ts.
 * Source: setrlimit(2).
 * @param others processes and threads of the same user that the kernel counts in
 */
export function limitArgs(prlimit: string, bounds: Bounds, others: number): string[] {
  const limits = {
    core: 0,
    fsize: bounds.maxDiskBytes,
    cpu: Math.ceil(bounds.maxCpuS),
    nofile: MOST_OPEN_FILES,
    nproc: bounds.maxProcesses + others,
  };
  return [prlimit, ...Object.entries(limits).map(([name, value]) => `--${name}=${value}`), "--"];
}
