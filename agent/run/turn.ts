import type { Program } from "./run.ts";
import type { Slots } from "./slots.ts";

/**
 * Runs the program in a slot. When one may soon be free, everything is made ready for it. `run` is told what to call when
 * the program has ended: its slot is free then, before the last of it is gone.
 */
export async function inTurn<T>(
  slots: Slots,
  program: Program,
  signal: AbortSignal,
  run: (onEnded: () => void) => Promise<T>,
): Promise<T> {
  try {
    const { ended, gone } = await slots.take(signal, () => program.prepare());
    return await run(ended).finally(gone);
  } finally {
    await program.cancel();
  }
}
