import { allInTime, insurance, launchesFor, type Outlook } from "./deadlines.ts";
import { departures } from "./services.ts";
import { idleInstances, patienceS } from "./surplus.ts";
import type { Plan, Situation } from "./situation.ts";

/** The part of the target that jobs may plan to wait; the rest is for what comes otherwise than expected. */
const TRIGGER = 0.85;
const SIZE_FOR = 0.8;
const MOST_CAREFUL = 0.6;
const PAID_FOR = 0.95;
/** This part of an instance is not launched, unless it is a whole job's slot. */
const ROUNDING = 0.05;
/** With less caution than this so few jobs were late that one slow boot may be. */
const UNINSURED = -0.05;
/** A job may have been sent this long before the decision that sees it. */
const DECISION_S = 10;
/** The same for the question whether those that boot are needed at all. */
const CANCEL = 0.6;
/** A few more instances can wait for the next few, so that a slow rise is one launch and not ten. */
const GATHER_S = 50;
const FEW = 0.2;
/** The same for instances that have had no work: a slow decline is a step every five minutes. */
const SETTLE_S = 300;

/**
 * Jobs may wait: a full queue is no reason to launch, a job that would start too late is. So the fleet works at its limit
 * and every lull is filled with work that waited.
 */
export function planPatient(situation: Situation): Plan {
  const { queue, fleet, state, settings, boots } = situation;
  const care = Math.min(1, Math.max(0, state.caution));
  // Sooner than half of the boots nobody can be helped, so planning for less would mean not to launch at all.
  const soonestS = Math.min(settings.targetWaitS, (boots[boots.length >> 1] ?? 0) + DECISION_S);
  const share = (part: number) =>
    Math.max(soonestS, settings.targetWaitS * (part + (MOST_CAREFUL - part) * care));
  const needless = needlessBoots(situation, settings.targetWaitS * CANCEL);
  if (needless > 0) return { more: 0, fewer: 0, needless, why: `${needless} boot for nothing`, state };
  // A launch costs a whole hour: none before it is surely needed.
  if (queue.visible > 0 && settings.billing === "hourly") {
    const paidS = settings.targetWaitS * PAID_FOR;
    return planBacklog(situation, paidS, paidS);
  }
  if (queue.visible > 0) return planBacklog(situation, share(TRIGGER), share(SIZE_FOR));
  if (fleet.ready.length > 1) return planSurplus(situation, share(TRIGGER));
  if (fleet.ready.length === 1) return planLast(situation);
  return { more: 0, fewer: 0, why: "all start in time", state };
}

function planBacklog(situation: Situation, triggerS: number, sizeForS: number): Plan {
  const { snapshot, settings, fleet, state, boots } = situation;
  const outlook = outlookOf(situation);
  // However small the part of an instance that is lacking, a job that waits needs somebody.
  const isAlone = fleet.ready.length + fleet.booting.length === 0;
  const slack = Math.min(ROUNDING, 0.5 / fleet.slotsEach);
  if (!isAlone && launchesFor(outlook, triggerS) <= slack) {
    return { more: 0, fewer: 0, why: "all start in time", state };
  }
  const isInsured = isAlone && state.caution > UNINSURED;
  const insured = isInsured ? insurance(boots, settings.targetWaitS - DECISION_S, settings.targetShare) : 0;
  const more = Math.max(insured, isAlone ? 1 : 0, Math.ceil(launchesFor(outlook, sizeForS) - slack));
  const gathers =
    snapshot.atS - (state.lastLaunchAtS ?? -Infinity) < GATHER_S && more < FEW * fleet.ready.length;
  const why = `the newest would start after ${triggerS.toFixed(0)} s${gathers ? ", soon" : ""}`;
  return { more: gathers ? 0 : more, fewer: 0, why, state };
}

const outlookOf = ({ snapshot, queue, settings, fleet, state, boots, meanServiceS }: Situation): Outlook => ({
  marks: state.marks,
  waiting: queue.visible,
  fleet,
  boots,
  departures: departures(snapshot.services, meanServiceS, state.marks, settings.targetWaitS),
});

/**
 * Instances that boot for jobs which others will start in good time: more were launched than it took, against a slow boot or
 * before anybody knew how short the jobs are, or the load has gone. A paid hour is kept.
 */
function needlessBoots(situation: Situation, allowedS: number): number {
  const { queue, fleet, settings } = situation;
  if (fleet.booting.length === 0 || fleet.ready.length === 0 || settings.billing === "hourly") return 0;
  const free = fleet.slots - fleet.busySlots;
  if (queue.visible === 0) return free > 0 ? fleet.booting.length : 0;
  const alone = { ...outlookOf(situation), fleet: { ...fleet, booting: [] } };
  return allInTime(alone, allowedS) ? fleet.booting.length : 0;
}

function planSurplus(situation: Situation, allowedS: number): Plan {
  const { snapshot, fleet, state, boots, meanServiceS, bootS } = situation;
  const { atS } = snapshot;
  const slowestS = boots.at(-1) ?? 0;
  // What is on its way was needed a moment ago; but one boot that hangs must not stop everything else.
  const expecting = fleet.booting.some(({ launchedAtS }) => atS - launchedAtS <= slowestS);
  const idle = expecting ? 0 : idleInstances({ usage: state.usage, fleet, allowedS, bootS, meanServiceS });
  if (idle <= 0) return { more: 0, fewer: 0, why: "all have work", state };
  const settles =
    atS - (state.lastRestAtS ?? -Infinity) < SETTLE_S && idle < Math.max(2, FEW * fleet.ready.length);
  if (settles) return { more: 0, fewer: 0, why: `${idle} have had no work, soon`, state };
  return {
    more: 0,
    fewer: idle,
    why: `${idle} have had no work`,
    state: { ...state, usage: [], lastRestAtS: atS },
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
