import type { Policy } from "../policy.ts";
import { sizeOf, toSize, type Victims } from "./fleet-size.ts";
import { readingsOf } from "./readings.ts";

interface State {
  lastChangeS: number;
}

const COOLDOWN_S = 300;
const DEAD_BAND = 0.01;

/**
 * Nomad Autoscaler's target-value strategy: each 10 s ceil(N · metric / target) unless the factor is within 0.01 of 1,
 * and nothing for 5 minutes after a change. The metric is (Q + F) / N. `target`: slots of an instance when absent.
 */
export function nomadTargetValue(victims: Victims, { target }: { target?: number }): Policy<State> {
  return {
    name: "nomad-target-value",
    periodS: 10,
    start: () => ({ lastChangeS: -Infinity }),
    decide: (snapshot, settings, before) => {
      const { waiting, inFlight, slots } = readingsOf(snapshot);
      const { atS } = snapshot;
      const size = sizeOf(snapshot);
      // With no instance the strategy takes the factor itself as the count.
      const factor = (waiting + inFlight) / Math.max(1, size) / (target ?? slots);
      const steady = Math.abs(factor - 1) <= DEAD_BAND || atS - before.lastChangeS < COOLDOWN_S;
      const wanted = steady ? size : Math.ceil(Math.max(1, size) * factor);
      return {
        actions: toSize(wanted, snapshot, settings, victims),
        sentence: `factor ${factor.toFixed(2)}${steady ? ", steady" : ""}: ${wanted} instances`,
        state: { lastChangeS: wanted === size ? before.lastChangeS : atS },
      };
    },
  };
}
