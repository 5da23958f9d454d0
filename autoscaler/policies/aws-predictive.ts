import type { Policy } from "../policy.ts";
import { awsTargetTracking } from "./aws-target-tracking.ts";
import { sizeOf, toSize, type Victims } from "./fleet-size.ts";
import { readingsOf } from "./readings.ts";

interface State {
  tracking: { belowSinceS?: number };
  /** Arrivals by hour since the beginning; the last entry is still counting. */
  hours: { fromS: number; arrivedBefore: number }[];
}

const HOUR_S = 3600;
const DAY_HOURS = 24;
/** AWS launches ahead of the hour by this buffer. */
const AHEAD_S = 300;
/** AWS forecasts from up to 14 days. */
const MOST_DAYS = 14;

/**
 * EC2 predictive scaling over target tracking: an hourly forecast from the same hour of earlier days sets a floor, which
 * only ever raises the fleet; target tracking does the rest. No forecast before a day of history.
 */
export function awsPredictive(victims: Victims, parameters: { target?: number }): Policy<State> {
  const tracking = awsTargetTracking(victims, parameters);
  return {
    name: "aws-predictive",
    periodS: 60,
    start: () => ({ tracking: {}, hours: [] }),
    decide: (snapshot, settings, state) => {
      const { arrived, meanServiceS, slots } = readingsOf(snapshot);
      const hours = countHours(state.hours, snapshot.atS, arrived);
      const floor = Math.ceil((forecastPerS(hours, snapshot.atS, arrived) * meanServiceS) / slots);
      const tracked = tracking.decide(
        snapshot,
        { ...settings, minInstances: Math.max(floor, settings.minInstances) },
        state.tracking,
      );
      const size = sizeOf(snapshot);
      const actions = floor > size ? toSize(floor, snapshot, settings, victims) : tracked.actions;
      return {
        actions,
        sentence: `forecast ${floor}; ${tracked.sentence}`,
        state: { tracking: tracked.state, hours },
      };
    },
  };
}

function countHours(hours: State["hours"], atS: number, arrived: number): State["hours"] {
  const fromS = Math.floor(atS / HOUR_S) * HOUR_S;
  if (hours.at(-1)?.fromS === fromS) return hours;
  return [...hours, { fromS, arrivedBefore: arrived }].slice(-(MOST_DAYS + 1) * DAY_HOURS - 2);
}

/** The highest forecast among the hour that runs and the one that begins within the buffer, arrivals a second. */
function forecastPerS(hours: State["hours"], atS: number, arrived: number): number {
  const rates = hours.map(
    ({ arrivedBefore }, at) => ((hours[at + 1]?.arrivedBefore ?? arrived) - arrivedBefore) / HOUR_S,
  );
  const sameHour = (ahead: number) => {
    const target = Math.floor((atS + ahead) / HOUR_S) * HOUR_S;
    const earlier = rates.filter((_, at) => {
      const fromS = hours[at]?.fromS ?? 0;
      // The first hour may have been entered late, the last one is not over.
      return at < hours.length - 1 && fromS < target && (target - fromS) % (DAY_HOURS * HOUR_S) === 0;
    });
    return earlier.reduce((sum, one) => sum + one, 0) / Math.max(1, earlier.length);
  };
  return Math.max(sameHour(0), sameHour(AHEAD_S));
}
