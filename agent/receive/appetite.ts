/** How many messages an agent should ask for, from what it holds. Pure. */
export interface Holdings {
  slots: number;
  /** Seconds each running program has run so far. */
  runningS: readonly number[];
  /** Jobs that are held and not started yet. */
  waiting: number;
  /** Results on their way out. */
  settling: number;
  /** Mean of recent run times and of recent input times, or undefined before the first one. */
  meanRunS: number | undefined;
  meanInputS: number | undefined;
}

export interface Appetite {
  /** 0: ask for nothing now. */
  want: number;
  /** With want 0: when time alone may change the answer, in seconds. */
  recheckS?: number;
}

/** SQS hands out at most ten messages a call. */
const MOST = 10;
/** Jobs this short are fetched several at a time, so that the queue's round trips do not set the pace. */
const LOOKAHEAD_S = 0.5;
/** A slot's next job is fetched this long before the slot may become free, or twice the usual input time. */
const LEAD_S = 2;
/** A program may end well before the mean; from this share of it on its slot counts as about to be free. */
const EARLY = 0.5;
/** Jobs as short as this may wait behind others; longer ones had better run elsewhere. */
const SHORT_S = 5;
/** Beyond it the network is the bottleneck, and fetching more at once makes each of them slower. */
const DEEPEST = 4;
/** Beyond this many undelivered results the outlet is the bottleneck, and more work would only pile up. */
const MOST_SETTLING_PER_SLOT = 16;

/**
 * Free slots are filled first. When every slot has work, the next input is fetched ahead, but only for slots
 * that may soon be free: a three-minute job that waits here could run elsewhere.
 */
export function appetite(it: Holdings): Appetite {
  const settlingLimit = MOST_SETTLING_PER_SLOT * it.slots + MOST;
  if (it.settling >= settlingLimit) return { want: 0 };
  const free = it.slots - it.runningS.length;
  // One long program among short ones would hold up what is hoarded behind it.
  const longestS = it.meanRunS === undefined ? Infinity : Math.max(it.meanRunS, ...it.runningS);
  const perSlot = Math.min(MOST, Math.max(1, Math.ceil(LOOKAHEAD_S / longestS)));
  if (perSlot > 1) {
    // Short jobs: refilled in large helpings, not one by one.
    const want = free + perSlot * it.slots - it.waiting;
    return { want: want >= (perSlot * it.slots) / 2 ? Math.min(MOST, want) : 0 };
  }
  const leadS = Math.max(LEAD_S, 2 * (it.meanInputS ?? 0));
  const untilDueS = it.runningS.map((runS) => (it.meanRunS ?? 0) * EARLY - leadS - runS);
  // Inputs that take longer than short programs need more than one on its way for each slot.
  const inputsPerRun = (1.25 * (it.meanInputS ?? 0)) / longestS;
  const depth = longestS > SHORT_S ? 1 : Math.min(DEEPEST, Math.max(1, Math.ceil(inputsPerRun)));
  const want = free + depth * untilDueS.filter((s) => s <= 0).length - it.waiting;
  if (want > 0) return { want: Math.min(MOST, want) };
  const later = untilDueS.filter((s) => s > 0);
  return later.length === 0 ? { want: 0 } : { want: 0, recheckS: Math.min(...later) };
}
