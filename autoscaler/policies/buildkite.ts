import type { Policy } from "../policy.ts";
import type { Action } from "../snapshot.ts";
import { count, sizeOf, toSize, type Victims } from "./fleet-size.ts";
import { readingsOf } from "./readings.ts";

interface State {
  lastOutS: number;
  lastInS: number;
}

const OUT_COOLDOWN_S = 300;
const IN_COOLDOWN_S = 3600;
const IDLE_S = 600;
const AVAILABLE = 0.5;

/**
 * buildkite-agent-scaler with the elastic CI stack: ceil((Q + F) / S), one more while fewer than half of the fleet is
 * available; out at most every 300 s, in at most every 3600 s; instances end by themselves after 600 s without a job.
 * `perInstance`: slots of an instance when absent.
 */
export function buildkite(victims: Victims, { perInstance }: { perInstance?: number }): Policy<State> {
  return {
    name: "buildkite",
    periodS: 10,
    start: () => ({ lastOutS: -Infinity, lastInS: -Infinity }),
    decide: (snapshot, settings, before) => {
      const { waiting, inFlight, slots } = readingsOf(snapshot);
      const { atS, instances } = snapshot;
      const size = sizeOf(snapshot);
      const lacking = size > 0 && count(instances, "ready") / size < AVAILABLE;
      const wanted = Math.ceil((waiting + inFlight) / (perInstance ?? slots)) + (lacking ? 1 : 0);
      const out = wanted > size && atS - before.lastOutS >= OUT_COOLDOWN_S;
      const inwards = wanted < size && atS - Math.max(before.lastInS, before.lastOutS) >= IN_COOLDOWN_S;
      const next = out || inwards ? wanted : size;
      const ids = instances
        .filter(({ state, idleSinceS }) => state === "ready" && atS - (idleSinceS ?? atS) >= IDLE_S)
        .map(({ id }) => id)
        .slice(0, Math.max(0, size - settings.minInstances));
      const leaving: Action[] = !inwards && ids.length > 0 ? [{ kind: "terminate", ids }] : [];
      return {
        actions: [...toSize(next, snapshot, settings, victims), ...leaving],
        sentence: `${waiting + inFlight} jobs: ${next} instances, ${ids.length} idle for ten minutes`,
        state: { lastOutS: out ? atS : before.lastOutS, lastInS: inwards ? atS : before.lastInS },
      };
    },
  };
}
