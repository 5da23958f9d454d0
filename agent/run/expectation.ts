/** A program usually ends by then: the mean with room for its spread. */
const SPREAD = 1.2;

/**
 * Seconds a program is expected to run on. One that has outrun what is usual is expected to run as long again as it has,
 * for nothing better is known of it; without any experience it is expected to use its whole limit.
 */
export function expectedLeftS(runningS: number, meanRunS: number | undefined, limitS: number): number {
  const usualS = meanRunS === undefined ? limitS : Math.min(limitS, meanRunS * SPREAD);
  return runningS < usualS ? usualS - runningS : Math.min(limitS - runningS, runningS);
}
