import type { Policy } from "../policy.ts";
import { sizeOf, toSize, type Victims } from "./fleet-size.ts";
import { rate, readingsOf, remember, type History } from "./readings.ts";

interface State {
  arrivals: History;
  aboveSinceS?: number;
  belowSinceS?: number;
}

const PERIOD_S = 20;
const WINDOW_S = 60;
const UP_AFTER_S = 300;
const DOWN_AFTER_S = 1200;

/**
 * SkyServe's request rate autoscaler: ceil(arrivals of 60 s / 60 / target), up after wanting it for 300 s, down after
 * 1200 s. `target`: requests a second of one instance, S / E[s] when absent.
 */
export function skyserveQps(victims: Victims, { target }: { target?: number }): Policy<State> {
  return {
    name: "skyserve-qps",
    periodS: PERIOD_S,
    start: () => ({ arrivals: [] }),
    decide: (snapshot, settings, before) => {
      const { arrived, slots, meanServiceS, waiting } = readingsOf(snapshot);
      const { atS } = snapshot;
      const arrivals = remember(before.arrivals, atS, arrived, WINDOW_S);
      const size = sizeOf(snapshot);
      // What is left of a load that ended still needs somebody.
      const wanted = Math.max(
        waiting > 0 ? 1 : 0,
        Math.ceil(rate(arrivals) / (target ?? slots / meanServiceS)),
      );
      const aboveSinceS = wanted > size ? (before.aboveSinceS ?? atS) : undefined;
      const belowSinceS = wanted < size ? (before.belowSinceS ?? atS) : undefined;
      const moves = atS - (aboveSinceS ?? atS) >= UP_AFTER_S || atS - (belowSinceS ?? atS) >= DOWN_AFTER_S;
      const next = moves ? wanted : size;
      return {
        actions: toSize(next, snapshot, settings, victims),
        sentence: `${rate(arrivals).toFixed(2)} jobs/s: ${wanted} wanted, ${next} instances`,
        state: {
          arrivals,
          ...(aboveSinceS === undefined || moves ? {} : { aboveSinceS }),
          ...(belowSinceS === undefined || moves ? {} : { belowSinceS }),
        },
      };
    },
  };
}
