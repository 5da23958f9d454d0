import { dispersionOf } from "./arrivals.ts";
import { firstCaution } from "./attainment.ts";
import { addWanted, instancesWanted } from "./headroom.ts";
import type { Plan, Situation } from "./situation.ts";

/** Capacity stands ready ahead of the load, since a boot takes longer than a job may wait. */
export function planAhead(situation: Situation): Plan {
  const { snapshot, queue, fleet, state, settings, meanServiceS, bootS } = situation;
  const { atS } = snapshot;
  const caution = firstCaution(settings) + state.caution;
  const wanted = instancesWanted({
    atS,
    marks: state.marks,
    dispersion: dispersionOf(state),
    waiting: queue.visible,
    fleet,
    meanServiceS,
    bootS,
    targetWaitS: settings.targetWaitS,
    caution,
  });
  const recent = addWanted(state, atS, wanted, caution);
  const keep = recent[0]?.instances ?? wanted;
  const size = fleet.ready.length + fleet.booting.length;
  const shrinks = keep < size && fleet.booting.length === 0 && queue.visible === 0;
  return {
    more: Math.max(0, wanted - size),
    fewer: shrinks ? size - keep : 0,
    why: `${wanted} wanted ahead, ${keep} lately, caution ${caution.toFixed(2)}`,
    state: { ...state, wanted: recent },
  };
}
