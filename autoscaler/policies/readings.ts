import type { Snapshot } from "../snapshot.ts";

/** What most baselines read. A queue that cannot be read counts as it did last, which each tool gets from its metric store. */
export interface Readings {
  waiting: number;
  inFlight: number;
  arrived: number;
  /** Mean service time of the jobs that finished lately; `FIRST_GUESS_S` before any has. */
  meanServiceS: number;
  slots: number;
}

/** Before the first job has finished nobody knows its length; a minute is what operators write into such settings. */
const FIRST_GUESS_S = 60;

export function readingsOf({ queue, services, pools }: Snapshot): Readings {
  const arrived = services.reduce((sum, service) => sum + service.arrived, 0);
  const finished = services.reduce((sum, service) => sum + service.finished, 0);
  const worked = services.reduce((sum, { serviceS, finished: own }) => sum + own * (serviceS?.meanS ?? 0), 0);
  return {
    waiting: queue?.visible ?? 0,
    inFlight: queue?.inFlight ?? 0,
    arrived,
    meanServiceS: finished > 0 ? worked / finished : FIRST_GUESS_S,
    slots: pools[0]?.slots ?? 1,
  };
}

/** A value and when it was seen, kept for a window of time. */
export type History = { atS: number; value: number }[];

export function remember(history: History, atS: number, value: number, windowS: number): History {
  return [...history.filter((entry) => entry.atS > atS - windowS - 1e-9), { atS, value }];
}

export const highest = (history: History): number =>
  history.reduce((most, { value }) => Math.max(most, value), 0);

export const average = (history: History): number =>
  history.reduce((sum, { value }) => sum + value, 0) / Math.max(1, history.length);

/** How much a running counter grew over its history, a second. */
export function rate(history: History): number {
  const [first, last] = [history[0], history.at(-1)];
  if (first === undefined || last === undefined || last.atS === first.atS) return 0;
  return (last.value - first.value) / (last.atS - first.atS);
}
