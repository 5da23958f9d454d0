import type { Bounds } from "../../processes.ts";

/** Enough for any program that serves one job; a leak ends here instead of at the machine's limit. */
const MOST_OPEN_FILES = 8_192;

/**
 * The kernel's own limits. None is on memory: RLIMIT_AS counts address space and RLIMIT_DATA what may be written to, of
 * which each V8 isolate reserves 540 MiB and uses 10; see watch.ts. Source: setrlimit(2).
 * @param others processes and threads of the same user that the kernel counts in
 */
function limitsOf(bounds: Bounds, others: number) {
  return {
    core: 0,
    fsize: bounds.maxDiskBytes,
    cpu: Math.ceil(bounds.maxCpuS),
    nofile: MOST_OPEN_FILES,
    nproc: bounds.maxProcesses + others,
  };
}

/** Arguments of prlimit(1) that set them just before the program. */
export function limitArgs(prlimit: string, bounds: Bounds, others: number): string[] {
  const limits = limitsOf(bounds, others);
  return [prlimit, ...Object.entries(limits).map(([name, value]) => `--${name}=${value}`), "--"];
}

/** Arguments of bash's ulimit that set them; it counts the size of files in KiB. */
export function shellLimits(bounds: Bounds): string {
  const { core, fsize, cpu, nofile, nproc } = limitsOf(bounds, 0);
  return `-c ${core} -f ${Math.ceil(fsize / 1024)} -t ${cpu} -n ${nofile} -u ${nproc}`;
}
