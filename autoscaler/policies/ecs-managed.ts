import type { Policy } from "../policy.ts";
import { sizeOf, toSize, type Victims } from "./fleet-size.ts";
import { readingsOf } from "./readings.ts";

interface State {
  belowSinceS?: number;
  lastInS?: number;
}

const WARM_UP_S = 300;
const SCALE_IN_AFTER_S = 15 * 60;

/**
 * ECS managed scaling (AWS, "Deep dive on Amazon ECS cluster auto scaling"): each minute CapacityProviderReservation =
 * 100·M/N, with M the instances that the tasks need when packed; with no instance it reads 200, which makes two. Out to
 * ceil(N·CPR/target) unless an instance is younger than the warm-up; in after 15 readings below 100, at most half at a
 * time. `target` is the target reservation in percent, 100 when absent.
 */
export function ecsManaged(victims: Victims, { target = 100 }: { target?: number }): Policy<State> {
  return {
    name: "ecs-managed",
    periodS: 60,
    start: () => ({}),
    decide: (snapshot, settings, state) => {
      const { waiting, inFlight, slots } = readingsOf(snapshot);
      const size = sizeOf(snapshot);
      const needed = Math.ceil((waiting + inFlight) / slots);
      const reservation = reservationOf(needed, size);
      const wanted = Math.ceil((Math.max(size, 1) * reservation) / target);
      const below = reservation < target;
      const belowSinceS = below ? (state.belowSinceS ?? snapshot.atS) : undefined;
      const youngest = snapshot.instances.reduce(
        (latest, { launchedAtS }) => Math.max(latest, launchedAtS),
        -Infinity,
      );
      let next = size;
      if (wanted > size && snapshot.atS - youngest >= WARM_UP_S) next = wanted;
      if (below && snapshot.atS - (belowSinceS ?? snapshot.atS) >= SCALE_IN_AFTER_S) {
        next = Math.max(wanted, Math.floor(size / 2));
      }
      return {
        actions: toSize(next, snapshot, settings, victims),
        sentence: `reservation ${reservation.toFixed(0)} %, target ${target} %: ${next} instances`,
        state: belowSinceS === undefined ? {} : { belowSinceS },
      };
    },
  };
}

function reservationOf(needed: number, size: number): number {
  if (size > 0) return (100 * needed) / size;
  return needed > 0 ? 200 : 100;
}
