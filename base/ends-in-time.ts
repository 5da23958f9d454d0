/** What is known of a run whose machine is taken away soon. Seconds. */
export interface CutShort {
  runningS: number;
  /** Time there is. */
  leftS: number;
  /** It is over by then, one way or another; Infinity when nothing bounds it. */
  limitS: number;
}

/**
 * Whether a run is expected to be over in time: at least half of the earlier runs that lasted as long as this one has were
 * over by then. Of one that outlasted them all nothing better is known than that it runs as long again; without any
 * experience it is expected to use its whole limit.
 * @param lasted how many earlier runs lasted at least so many seconds
 */
export function endsInTime(
  { runningS, leftS, limitS }: CutShort,
  lasted: (seconds: number) => number,
): boolean {
  if (limitS - runningS <= leftS) return true;
  const alike = lasted(runningS);
  if (alike > 0) return lasted(runningS + leftS) <= alike / 2;
  return lasted(0) > 0 && runningS <= leftS;
}
