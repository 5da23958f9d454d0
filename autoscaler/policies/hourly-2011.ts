import type { Policy } from "../policy.ts";
import type { Action, InstanceView } from "../snapshot.ts";
import { sizeOf, toSize, type Victims } from "./fleet-size.ts";
import { readingsOf } from "./readings.ts";

const HOUR_S = 3600;
/** A stopping instance must be gone before the next hour begins. */
const NEAR_END_S = 300;

/**
 * The scaler of the 2011 article: once a minute the number of servers to start or stop from the queue, within a minimum
 * and a maximum; a server is stopped only near the end of an hour that is paid anyway. The number is what finishes the
 * jobs that wait or run within the target wait, at least one while there is a job. `within` replaces the target, seconds.
 */
export function hourly2011(victims: Victims, { within }: { within?: number }): Policy<null> {
  return {
    name: "hourly-2011",
    periodS: 60,
    start: () => null,
    decide: (snapshot, settings) => {
      const { waiting, inFlight, meanServiceS, slots } = readingsOf(snapshot);
      const size = sizeOf(snapshot);
      const exact = ((waiting + inFlight) * meanServiceS) / (slots * (within ?? settings.targetWaitS));
      const wanted = Math.max(settings.minInstances, Math.ceil(exact));
      const delta = wanted - size;
      const paidOut = snapshot.instances.filter((instance) => isPaidOut(instance, snapshot.atS));
      const stop = Math.min(Math.max(0, -delta), paidOut.length);
      const ids = paidOut.slice(0, stop).map(({ id }) => id);
      const actions: Action[] = ids.length > 0 ? [{ kind: "terminate", ids }] : [];
      return {
        actions: [...actions, ...toSize(Math.max(size, wanted), snapshot, settings, victims)],
        sentence: `${waiting + inFlight} jobs: ${delta > 0 ? `start ${delta}` : `stop ${ids.length} of ${-delta}`}`,
        state: null,
      };
    },
  };
}

function isPaidOut({ state, inFlight, launchedAtS }: InstanceView, atS: number): boolean {
  return state === "ready" && inFlight === 0 && (atS - launchedAtS) % HOUR_S >= HOUR_S - NEAR_END_S;
}
