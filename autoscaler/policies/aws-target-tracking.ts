import type { Policy } from "../policy.ts";
import { count, sizeOf, toSize, type Victims } from "./fleet-size.ts";
import { readingsOf } from "./readings.ts";

interface State {
  /** Since when the metric has been below the target. */
  belowSinceS?: number;
}

const SCALE_IN_AFTER_S = 15 * 60;

/**
 * EC2 Auto Scaling target tracking on the backlog per instance, as the AWS guide "Scaling policy based on Amazon SQS"
 * sets it up: the target is what an instance may have waiting, S·W/E[s]. Out to ceil(N·m/T), in to floor(N·m/T)
 * after 15 one-minute readings below, and not while instances warm up. It does not see jobs in flight.
 * `target` replaces the target.
 */
export function awsTargetTracking(victims: Victims, { target }: { target?: number }): Policy<State> {
  return {
    name: "aws-target-tracking",
    periodS: 60,
    start: () => ({}),
    decide: (snapshot, settings, state) => {
      const { waiting, slots, meanServiceS } = readingsOf(snapshot);
      const inService = Math.max(1, count(snapshot.instances, "ready"));
      const warming = count(snapshot.instances, "booting");
      const perInstance = waiting / inService;
      const allowed = target ?? (slots * settings.targetWaitS) / meanServiceS;
      const exact = (inService * perInstance) / allowed;
      const size = sizeOf(snapshot);
      const below = perInstance < allowed;
      const belowSinceS = below ? (state.belowSinceS ?? snapshot.atS) : undefined;
      const mayShrink = warming === 0 && snapshot.atS - (belowSinceS ?? snapshot.atS) >= SCALE_IN_AFTER_S;
      // Out first: with no instance at all, a backlog below the target would otherwise wait for ever.
      let wanted = Math.max(size, Math.ceil(exact));
      if (wanted === size && below && mayShrink) wanted = Math.floor(exact);
      return {
        actions: toSize(wanted, snapshot, settings, victims),
        sentence: `backlog per instance ${perInstance.toFixed(2)}, target ${allowed.toFixed(2)}: ${wanted} instances`,
        state: belowSinceS === undefined ? {} : { belowSinceS },
      };
    },
  };
}
