import type { Policy } from "../policy.ts";
import { toSize, type Victims } from "./fleet-size.ts";
import { rate, readingsOf, remember, type History } from "./readings.ts";

interface State {
  arrivals: History;
}

const WINDOW_S = 300;

/**
 * Square-root staffing (Halfin and Whitt, Operations Research 29, 1981): R + β·√R slots for an offered load of
 * R = λ·E[s], with λ over the last 5 minutes. `beta`: 1.5 when absent.
 */
export function squareRootStaffing(victims: Victims, { beta = 1.5 }: { beta?: number }): Policy<State> {
  return {
    name: "square-root-staffing",
    periodS: 10,
    start: () => ({ arrivals: [] }),
    decide: (snapshot, settings, before) => {
      const { arrived, meanServiceS, slots, waiting } = readingsOf(snapshot);
      const arrivals = remember(before.arrivals, snapshot.atS, arrived, WINDOW_S);
      const load = rate(arrivals) * meanServiceS;
      const staffed = Math.ceil((load + beta * Math.sqrt(load)) / slots);
      // The formula is for a load that goes on; what is left of one that ended still needs somebody.
      const wanted = waiting > 0 ? Math.max(1, staffed) : staffed;
      return {
        actions: toSize(wanted, snapshot, settings, victims),
        sentence: `load ${load.toFixed(1)} slots: ${wanted} instances`,
        state: { arrivals },
      };
    },
  };
}
