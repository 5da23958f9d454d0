import { dispersionOf } from "./arrivals.ts";
import { firstCaution } from "./attainment.ts";
import { addWanted, instancesWanted } from "./headroom.ts";
import type { Plan, Situation } from "./situation.ts";
import { standbyS } from "./surplus.ts";

/** Capacity stands ready ahead of the load, since a boot takes longer than a job may wait; without any load it goes. */
export function planAhead(situation: Situation): Plan {
  const { snapshot, queue, fleet, state, settings } = situation;
  const { atS } = snapshot;
  const caution = firstCaution(settings) + state.caution;
  const rest = restOf(situation);
  const wanted = rest?.isOver === true ? 0 : wantedNow(situation, caution);
  const recent = rest?.isOver === true ? [] : addWanted(state, atS, wanted, caution);
  const keep = recent[0]?.instances ?? wanted;
  const size = fleet.ready.length + fleet.booting.length;
  const shrinks = keep < size && fleet.booting.length === 0 && queue.visible === 0;
  const why = `${wanted} wanted ahead, ${keep} lately, caution ${caution.toFixed(2)}`;
  return {
    more: Math.max(0, wanted - size),
    fewer: shrinks ? size - keep : 0,
    why: rest === undefined ? why : `${why}, ${rest.why}`,
    state: { ...state, wanted: recent },
  };
}

function wantedNow(situation: Situation, caution: number): number {
  const { snapshot, queue, fleet, state, settings, meanServiceS, bootS } = situation;
  // Nothing is known of a load yet, so there is nothing to stand ready for.
  if (state.emptySinceS !== undefined && state.marks.at(-1)?.arrived === 0) {
    return fleet.ready.length + fleet.booting.length;
  }
  return instancesWanted({
    atS: snapshot.atS,
    marks: state.marks,
    dispersion: dispersionOf(state),
    waiting: queue.visible,
    fleet,
    meanServiceS,
    bootS,
    targetWaitS: settings.targetWaitS,
    caution,
  });
}

/** How long there has been no work at all, and whether that is longer than somebody has to stand ready. */
function restOf({
  snapshot,
  state,
  settings,
  bootS,
}: Situation): { isOver: boolean; why: string } | undefined {
  if (state.emptySinceS === undefined) return undefined;
  const emptyS = snapshot.atS - state.emptySinceS;
  const staysS = standbyS(state.gaps, settings.targetShare, bootS);
  return {
    isOver: emptyS >= staysS,
    why: `no work for ${emptyS.toFixed(0)} s, goes after ${staysS.toFixed(0)} s`,
  };
}
