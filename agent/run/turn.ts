import type { Program } from "./run.ts";
import type { Slots } from "./slots.ts";

/** Runs the program in a slot. When one may soon be free, everything is made ready for it. */
export async function inTurn<T>(
  slots: Slots,
  program: Program,
  signal: AbortSignal,
  run: () => Promise<T>,
): Promise<T> {
  try {
    const giveBack = await slots.take(signal, () => program.prepare());
    return await run().finally(giveBack);
  } finally {
    await program.cancel();
  }
}
