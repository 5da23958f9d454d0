import type { ServiceView } from "./snapshot.ts";

/** What was seen of the work itself: slot-seconds spent on jobs, and jobs finished meanwhile. */
export interface WorkSeen {
  slotS: number;
  finished: number;
}

/** Adds what `busySlots` did in `passedS`. Jobs that had finished before the first look do not count. */
export function addWork(
  before: WorkSeen & { finishedBefore?: number },
  services: readonly ServiceView[],
  busySlots: number,
  passedS: number,
): WorkSeen & { finishedBefore: number } {
  const total = services.reduce((sum, { finished }) => sum + finished, 0);
  const { finishedBefore = total } = before;
  return {
    slotS: before.slotS + busySlots * passedS,
    finished: Math.max(0, total - finishedBefore),
    finishedBefore,
  };
}
