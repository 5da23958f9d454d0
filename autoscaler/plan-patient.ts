import { insurance, launchesFor } from "./deadlines.ts";
import { departures } from "./services.ts";
import { idleInstances, patienceS } from "./surplus.ts";
import type { Plan, Situation } from "./situation.ts";

/** The part of the target that jobs may plan to wait; the rest is for what comes otherwise than expected. */
const TRIGGER = 0.85;
const SIZE_FOR = 0.8;
const MOST_CAREFUL = 0.6;
/** A few more instances can wait for the next few, so that a slow rise is one launch and not ten. */
const GATHER_S = 30;
const FEW = 0.2;

/**
 * Jobs may wait: a full queue is no reason to launch, a job that would start too late is. So the fleet works at its limit
 * and every lull is filled with work that waited.
 */
export function planPatient(situation: Situation): Plan {
  const { snapshot, settings, queue, fleet, state, boots, meanServiceS, bootS } = situation;
  const care = Math.min(1, Math.max(0, state.caution));
  const share = (part: number) => settings.targetWaitS * (part + (MOST_CAREFUL - part) * care);
  const outlook = {
    marks: state.marks,
    waiting: queue.visible,
    fleet,
    boots,
    departures: departures(snapshot.services, meanServiceS, state.marks, settings.targetWaitS),
  };
  const trigger = launchesFor(outlook, share(TRIGGER));
  if (trigger > 0.05) {
    const nothing = fleet.ready.length + fleet.booting.length === 0;
    const insured = nothing ? insurance(boots, settings.targetWaitS - 10, settings.targetShare) : 0;
    const more = Math.max(insured, Math.ceil(launchesFor(outlook, share(SIZE_FOR)) - 0.05));
    const gathers =
      snapshot.atS - (state.lastLaunchAtS ?? -Infinity) < GATHER_S && more < FEW * fleet.ready.length;
    const why = `the newest would start after ${share(TRIGGER).toFixed(0)} s${gathers ? ", soon" : ""}`;
    return { more: gathers ? 0 : more, fewer: 0, why, state };
  }
  if (queue.visible > 0 || fleet.ready.length === 0) {
    return { more: 0, fewer: 0, why: "all start in time", state };
  }
  if (fleet.ready.length === 1) return planLast(situation);
  const fewer =
    fleet.booting.length > 0
      ? 0
      : idleInstances({ usage: state.usage, fleet, allowedS: share(TRIGGER), bootS, meanServiceS });
  return {
    more: 0,
    fewer: Math.max(0, fewer),
    why: fewer > 0 ? `${fewer} have had no work` : "all have work",
    state:
      fewer > 0
        ? {
            ...state,
            usage: [],
          }
        : state,
  };
}

/** The last instance goes when the gaps between jobs say that keeping it costs more than booting another. */
function planLast({ snapshot, fleet, state, bootS }: Situation): Plan {
  const limitS = patienceS(state.gaps, bootS);
  const idleS = snapshot.atS - (fleet.ready[0]?.idleSinceS ?? snapshot.atS);
  const goes = idleS > 0 && idleS >= limitS;
  return {
    more: 0,
    fewer: goes ? 1 : 0,
    state,
    why: `the last one is idle for ${idleS.toFixed(0)} s and stays ${limitS.toFixed(0)} s`,
  };
}
