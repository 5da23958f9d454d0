import type { Policy } from "../policy.ts";
import { sizeOf, toSize, type Victims } from "./fleet-size.ts";
import { highest, readingsOf, remember, type History } from "./readings.ts";

interface State {
  /** The metric as of the last poll. */
  metric: number;
  polledAtS: number;
  recommendations: History;
  lastActiveS: number;
}

const POLL_S = 30;
const SYNC_S = 15;
const TOLERANCE = 0.1;
const STABILISE_S = 300;
const COOLDOWN_S = 300;

/**
 * KEDA's aws-sqs-queue scaler and the Kubernetes HPA it drives: metric Q + F every 30 s, wanted = ceil(metric /
 * queueLength); every 15 s, unchanged within 10 %, up to at most max(2·N, N + 4), down to the highest recommendation of
 * 300 s; to zero after 300 s without work. `queueLength`: slots of an instance when absent.
 */
export function kedaHpa(victims: Victims, { queueLength }: { queueLength?: number }): Policy<State> {
  return {
    name: "keda-hpa",
    periodS: SYNC_S,
    start: () => ({ metric: 0, polledAtS: -Infinity, recommendations: [], lastActiveS: -Infinity }),
    decide: (snapshot, settings, before) => {
      const { waiting, inFlight, slots } = readingsOf(snapshot);
      const { atS } = snapshot;
      const due = atS - before.polledAtS >= POLL_S;
      const metric = due ? waiting + inFlight : before.metric;
      const lastActiveS = metric > 0 ? atS : before.lastActiveS;
      const size = sizeOf(snapshot);
      const wanted = recommend(metric, queueLength ?? slots, size);
      const recommendations = remember(before.recommendations, atS, wanted, STABILISE_S);
      const next = size === 0 ? Math.min(1, wanted) : limit(size, wanted, highest(recommendations));
      // The HPA never goes below one; KEDA itself takes the last one away.
      const keepsOne = size > 0 && atS - lastActiveS < COOLDOWN_S;
      const target = keepsOne ? Math.max(1, next) : next;
      return {
        actions: toSize(target, snapshot, settings, victims),
        sentence: `metric ${metric}, recommended ${wanted}: ${target} instances`,
        state: { metric, polledAtS: due ? atS : before.polledAtS, recommendations, lastActiveS },
      };
    },
  };
}

function recommend(metric: number, perInstance: number, size: number): number {
  const ratio = size === 0 ? Infinity : metric / (perInstance * size);
  return Math.abs(ratio - 1) <= TOLERANCE ? size : Math.ceil(metric / perInstance);
}

function limit(size: number, wanted: number, stabilised: number): number {
  if (wanted > size) return Math.min(wanted, Math.max(2 * size, size + 4));
  return Math.min(size, stabilised);
}
