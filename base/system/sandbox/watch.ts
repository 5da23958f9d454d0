import { lstatSync } from "node:fs";
import { totalmem } from "node:os";
import type { Bounds, Exceeded } from "../../processes.ts";
import { folderUse, holdings } from "./usage.ts";

/**
 * How often the watch looks: a program takes some 300 MB of memory in this time at most, and writes that much to a fast
 * disk. What a watch is too slow for, the kernel ends: programs go first when memory is short (oom_score_adj).
 */
const PERIOD_MS = 100;
/** Looking at many files or processes takes long, and comes less often: at most one part in this many goes into it. */
const REST_PER_LOOK = 50;

/** The helpers that set a sandbox up are processes, too. */
const HELPERS = 3;

/** Looks at what a job uses of disk and memory until it is stopped; `onExceeded` is called once at most. */
export class Watch {
  exceeded: Exceeded | undefined;
  readonly #bounds: Bounds;
  readonly #pid: () => number | undefined;
  readonly #device: number;
  readonly #onExceeded: () => void;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** @param pid of the first process, as soon as it is there */
  constructor(pid: () => number | undefined, bounds: Bounds, onExceeded: () => void) {
    this.#pid = pid;
    this.#bounds = bounds;
    this.#device = lstatSync(bounds.folder).dev;
    this.#onExceeded = onExceeded;
    this.#next(PERIOD_MS);
  }

  /** The program has ended: one last look at what it left. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    if (this.exceeded === undefined && (await this.#diskExceeded(0))) this.exceeded = "disk";
  }

  #next(ms: number): void {
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#look(), ms).unref();
  }

  async #look(): Promise<void> {
    const from = performance.now();
    const exceeded = await this.#judge();
    if (this.#stopped) return;
    if (exceeded !== undefined) {
      this.exceeded = exceeded;
      this.#onExceeded();
      return;
    }
    this.#next(Math.max(PERIOD_MS, (performance.now() - from) * REST_PER_LOOK));
  }

  async #judge(): Promise<Exceeded | undefined> {
    const pid = this.#pid();
    if (pid === undefined) return undefined;
    const { memory, namelessDisk, processes } = holdings(pid, this.#device);
    // Otherwise the kernel's limit, which holds for everybody but root, has refused them before.
    if (processes > this.#bounds.maxProcesses + HELPERS) return "processes";
    if (memory > (this.#bounds.maxMemoryBytes ?? totalmem())) return "memory";
    return (await this.#diskExceeded(namelessDisk)) ? "disk" : undefined;
  }

  async #diskExceeded(nameless: number): Promise<boolean> {
    const { bytes, endless } = await folderUse(this.#bounds.writable);
    return endless || bytes + nameless > this.#bounds.maxDiskBytes;
  }
}
