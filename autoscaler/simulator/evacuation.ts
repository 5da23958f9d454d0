/** A job usually ends by then: the mean with room for its spread, as the agents reckon. */
const SPREAD = 1.2;
/** What is still there so long before the end is handed back, too. */
const MARGIN_S = 10;

/**
 * Whether an agent whose machine is taken back keeps a job: it hands back at once what is not expected to end in time. A job
 * that has run for longer than usual is expected to run for as long again.
 */
export function endsInTime(runningS: number, meanServiceS: number | undefined, noticeS: number): boolean {
  const usualS = meanServiceS === undefined ? Infinity : SPREAD * meanServiceS;
  const leftS = runningS < usualS ? usualS - runningS : runningS;
  return leftS <= noticeS - MARGIN_S;
}
