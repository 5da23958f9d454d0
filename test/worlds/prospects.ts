/** A run, and how long its machine is still there. Seconds. */
export interface Prospect {
  runningS: number;
  leftS: number;
  /** Its service's longest. */
  limitS: number;
}

/** Runs are told apart by their length only roughly. */
const SLACK = 1.25;
/** So close to a bound nobody can tell. */
const MARGIN_S = 1;

/**
 * What an agent must do with a run when its machine's end is announced, as far as earlier runs of the service on that machine
 * leave no doubt: keep it, or hand it back.
 * @param earlierS how long those took, seconds
 */
export function fateOf(
  { runningS, leftS, limitS }: Prospect,
  earlierS: readonly number[],
): "keep" | "hand back" | "either" {
  const untilLimitS = limitS - runningS;
  if (untilLimitS < leftS - MARGIN_S) return "keep";
  if (untilLimitS < leftS + MARGIN_S) return "either";
  if (earlierS.length === 0) return "hand back";
  const longestS = Math.max(...earlierS);
  const shortestS = Math.min(...earlierS);
  if (longestS * SLACK < runningS) return asLongAgain(runningS, leftS);
  if (shortestS < runningS * SLACK) return "either";
  const endS = runningS + leftS;
  if (longestS * SLACK < endS) return "keep";
  return shortestS > endS * SLACK ? "hand back" : "either";
}

/** What outlasted all the others is expected to take as long again. */
function asLongAgain(runningS: number, leftS: number) {
  if (runningS < leftS - MARGIN_S) return "keep";
  return runningS > leftS + MARGIN_S ? "hand back" : "either";
}
