import type { Clock } from "../../base/clock.ts";
import { codeOf } from "../../base/errors.ts";
import type { Files } from "../../base/files.ts";
import type { Slots } from "../run/slots.ts";

/** How long a slot may stay empty between two agents. */
const LOOK_AGAIN_MS = 100;

/**
 * Takes the machine's slots as they become free: each is a folder that one process may lock at a time, so that the
 * agents of one machine never run more programs than it has slots, however they end. Runs until every slot is ours or
 * the
 * signal aborts, or the slots are surrendered.
 */
export async function leaseSlots(
  tools: { clock: Clock; files: Files; lock: (folder: string) => Promise<() => void> },
  folder: string,
  count: number,
  slots: Slots,
  signal: AbortSignal,
): Promise<void> {
  let missing = Array.from({ length: count }, (_, index) => `${folder}/${index}`);
  for (const it of missing) await tools.files.makeFolder(it, 0o700);
  while (!signal.aborted && !slots.isSurrendering) {
    const taken: string[] = [];
    for (const it of missing) {
      const unlock = await lockIfFree(tools.lock, it);
      if (unlock === undefined) continue;
      slots.add(unlock);
      taken.push(it);
    }
    missing = missing.filter((it) => !taken.includes(it));
    if (missing.length === 0) return;
    await tools.clock.sleep(LOOK_AGAIN_MS, signal).catch(() => undefined);
  }
}

async function lockIfFree(
  lock: (folder: string) => Promise<() => void>,
  folder: string,
): Promise<(() => void) | undefined> {
  try {
    return await lock(folder);
  } catch (error) {
    if (codeOf(error) === "folder-in-use") return undefined;
    throw error;
  }
}
