import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { isOver } from "./proc.ts";

/** Followed by the number of the process that uses the folder, and a number of its own. */
const NAME = "starter-";
/** In memory: on a disk, a file for each start would have to wait for the disk's other work. */
const MEMORY = "/dev/shm/drover-";
let folders = 0;

/** A folder for a starter's pipes, which nobody else can enter. A link to it stands in the work folder. */
export class PipeFolder {
  /** The link. */
  readonly path: string;
  /** What it leads to; to be called when made. */
  get real(): string {
    return realpathSync(this.path);
  }
  readonly #workDir: string;

  constructor(workDir: string) {
    this.#workDir = workDir;
    this.path = `${workDir}/${NAME}${process.pid}-${++folders}`;
  }

  /** Also removes what processes that were killed have left. */
  make(): void {
    for (const name of readdirSync(this.#workDir)) {
      const path = `${this.#workDir}/${name}`;
      // One with our own number was a process' that had it before.
      if (
        path === this.path ||
        (name.startsWith(NAME) && isOver(Number.parseInt(name.slice(NAME.length), 10)))
      )
        removeLinked(path);
    }
    try {
      symlinkSync(mkdtempSync(MEMORY), this.path);
    } catch {
      mkdirSync(this.path, { mode: 0o700 }); // a machine without /dev/shm
    }
  }

  remove(): void {
    removeLinked(this.path);
  }
}

function removeLinked(path: string): void {
  try {
    rmSync(realpathSync(path), { recursive: true, force: true });
  } catch {
    // It leads nowhere: the machine was started anew.
  }
  rmSync(path, { recursive: true, force: true });
}
