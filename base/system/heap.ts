import { setFlagsFromString } from "node:v8";

/** V8's own rule lets what is old grow up to fourfold before it looks through all of it. */
const GROWTH_PERCENT = 25;

/**
 * Keeps the heap close to what is in use: garbage that is old may be a quarter of it before all of it is collected. A
 * machine's memory is for the programs, and a daemon's shall not rise for thousands of jobs before it stays where it is.
 */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
