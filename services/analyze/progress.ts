import { fstatSync, writeSync } from "node:fs";

/** File descriptor on which the caller may listen. */
const fd = 3;

/**
 * Tells the caller how far the work is, one JSON line for each whole percent: at most 101 lines, 2 KiB, which fit
 * into any pipe, so that a caller who does not read cannot stop the analysis.
 */
export class Progress {
  #percent = -1;
  #open = isCallersPipe();

  report(share: number): void {
    const percent = Math.floor(Math.min(1, Math.max(0, share)) * 100);
    if (!this.#open || percent <= this.#percent) return;
    this.#percent = percent;
    try {
      writeSync(fd, `${JSON.stringify({ progress: percent / 100 })}\n`);
    } catch {
      // The listener left. Progress is a courtesy: the result does not depend on it.
      this.#open = false;
    }
  }
}

/** When the caller opened no descriptor 3, Node has its event poll there, which is neither pipe nor socket nor file. */
function isCallersPipe(): boolean {
  try {
    const stat = fstatSync(fd);
    return stat.isFIFO() || stat.isSocket() || stat.isFile();
  } catch {
    return false;
  }
}
