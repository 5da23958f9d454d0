import type { Policy } from "../policy.ts";
import type { Action } from "../snapshot.ts";
import { sizeOf, toSize, type Victims } from "./fleet-size.ts";
import { readingsOf, remember, type History } from "./readings.ts";

interface State {
  arrivals: History;
  lastStopS: number;
}

const DELAY_S = 30;
const STOP_EVERY_S = 300;
const YOUNGEST_S = 300;

/**
 * terraform-aws-github-runner: a job that still waits 30 s after it was sent starts an instance, up to the maximum; every
 * 5 minutes the idle instances older than 5 minutes are stopped. `jobsPerInstance`: 1 when absent, as the tool does it.
 */
export function githubRunner(
  victims: Victims,
  { jobsPerInstance = 1 }: { jobsPerInstance?: number },
): Policy<State> {
  return {
    name: "github-runner",
    periodS: 10,
    start: () => ({ arrivals: [], lastStopS: 0 }),
    decide: (snapshot, settings, before) => {
      const { waiting, arrived } = readingsOf(snapshot);
      const { atS, instances } = snapshot;
      const arrivals = remember(before.arrivals, atS, arrived, DELAY_S + 10);
      const arrivedBy = (untilS: number) => arrivals.findLast((entry) => entry.atS <= untilS)?.value ?? 0;
      // The queue is served in order, so the jobs older than the delay are those the younger ones leave.
      const old = Math.max(0, waiting - (arrived - arrivedBy(atS - DELAY_S)));
      const nowOld = arrivedBy(atS - DELAY_S) - arrivedBy(atS - DELAY_S - 10);
      const launches = Math.ceil(Math.min(old, nowOld) / jobsPerInstance);
      const stops = atS - before.lastStopS >= STOP_EVERY_S;
      const size = sizeOf(snapshot);
      const ids = stops
        ? instances
            .filter(
              ({ state, inFlight, launchedAtS }) =>
                state === "ready" && inFlight === 0 && atS - launchedAtS >= YOUNGEST_S,
            )
            .map(({ id }) => id)
            .slice(0, Math.max(0, size - settings.minInstances))
        : [];
      const leaving: Action[] = ids.length > 0 ? [{ kind: "terminate", ids }] : [];
      return {
        actions: [...leaving, ...toSize(size + launches, snapshot, settings, victims)],
        sentence: `${launches} jobs have waited ${DELAY_S} s, ${ids.length} idle instances stop`,
        state: { arrivals, lastStopS: stops ? atS : before.lastStopS },
      };
    },
  };
}
