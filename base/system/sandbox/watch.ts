import { lstat } from "node:fs/promises";
import type { Bounds } from "../../processes.ts";
import { memoryLimit } from "./limits.ts";
import { folderUse, memoryUse, namelessUse } from "./usage.ts";

/**
 * A program that fills a fast disk writes about a gigabyte in this time; a look costs a millisecond or less, and
 * programs that end sooner are looked at once, at their end.
 */
const PERIOD_MS = 500;
/** A look that takes long, at many files, comes less often: at most this share of a processor goes into looking. */
const REST_PER_LOOK = 20;

export type Exceeded = "memory" | "disk";

/** Looks at what a job uses of disk and memory until it is stopped; `onExceeded` is called once at most. */
export class Watch {
  exceeded: Exceeded | undefined;
  readonly #bounds: Bounds;
  readonly #pid: number;
  readonly #onExceeded: () => void;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(pid: number, bounds: Bounds, onExceeded: () => void) {
    this.#pid = pid;
    this.#bounds = bounds;
    this.#onExceeded = onExceeded;
    this.#next(PERIOD_MS);
  }

  /** The program has ended: one last look at what it left. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    if (this.exceeded === undefined && (await this.#usesTooMuchDisk(0))) this.exceeded = "disk";
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
    if (memoryUse(this.#pid) > memoryLimit(this.#bounds)) return "memory";
    const [folder = "/"] = this.#bounds.writable;
    const { dev } = await lstat(folder).catch(() => ({ dev: 0 }));
    return (await this.#usesTooMuchDisk(namelessUse(this.#pid, dev))) ? "disk" : undefined;
  }

  async #usesTooMuchDisk(nameless: number): Promise<boolean> {
    const { bytes, endless } = await folderUse(this.#bounds.writable);
    return endless || bytes + nameless > this.#bounds.maxDiskBytes;
  }
}
