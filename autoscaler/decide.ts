import { addMark, countDispersion } from "./arrivals.ts";
import { learn } from "./attainment.ts";
import { bootQuantiles, likelyDurations } from "./boots.ts";
import { choosePools, learnPools } from "./choose-pools.ts";
import { fleetOf } from "./fleet.ts";
import { hopelessBoots, reasonToHold, withinLimits } from "./guards.ts";
import { planAhead } from "./plan-ahead.ts";
import { planPatient } from "./plan-patient.ts";
import type { Policy, Settings } from "./policy.ts";
import { meanServiceS } from "./services.ts";
import type { Action, Decision, QueueView, Snapshot } from "./snapshot.ts";
import type { Plan, Situation } from "./situation.ts";
import { startState, type PolicyState } from "./state.ts";
import { addGap, addUsage } from "./surplus.ts";
import { chooseResting, youngest } from "./victims.ts";
import { addWork } from "./work-seen.ts";

/** How often the daemon decides, seconds. */
export const PERIOD_S = 10;

/** The caution beyond which waiting for slow boots has made too many jobs late. */
const TOO_LATE = 1;

export const droverPolicy: Policy<PolicyState> = {
  name: "drover",
  periodS: PERIOD_S,
  start: startState,
  decide,
};

/**
 * The scaling decision: pure, the same in the daemon and in the simulator. Two plans, one for each relation between
 * target and boot time: when help that is asked for now is in time for the jobs that wait now, jobs may wait and the fleet
 * follows their deadlines; when it is not, capacity must stand ready ahead of the load.
 */
export function decide(snapshot: Snapshot, settings: Settings, before: PolicyState): Decision<PolicyState> {
  const held = reasonToHold(snapshot);
  if (held !== undefined || snapshot.queue === undefined) {
    return { actions: [], sentence: held ?? "hold", state: before };
  }
  const situation = observe(snapshot, snapshot.queue, settings, before);
  const { fleet } = situation;
  const plan = jobsMayWait(situation) ? planPatient(situation) : planAhead(situation);
  const size = fleet.ready.length + fleet.booting.length;
  const more = Math.max(plan.more, settings.minInstances - size);
  const fewer = Math.min(plan.fewer, size - settings.minInstances);
  const needless = Math.min(plan.needless ?? 0, size - settings.minInstances);
  return act({ ...situation, state: plan.state }, { ...plan, more, fewer, needless });
}

/** Most boots must be in time; whether the slow tenth may be late is for experience to say. */
function jobsMayWait({ boots, settings, state }: Situation): boolean {
  const quantile = (share: number) => boots[Math.floor(share * boots.length)] ?? 0;
  if (settings.targetWaitS >= quantile(0.9)) return true;
  return settings.targetWaitS >= quantile(0.75) && state.caution < TOO_LATE;
}

function observe(snapshot: Snapshot, queue: QueueView, settings: Settings, before: PolicyState): Situation {
  const { atS, services, pools } = snapshot;
  const arrived = services.reduce((sum, service) => sum + service.arrived, 0);
  const mark = { atS, arrived, started: arrived - queue.visible };
  const marks = addMark(before.marks, mark, 1.5 * settings.targetWaitS);
  const fleet = fleetOf(snapshot);
  const empty = queue.visible + queue.inFlight - queue.asleep === 0;
  const { emptySinceS, ...rest } = before;
  const { atS: lastS, arrived: arrivedBefore } = before.marks.at(-1) ?? { atS, arrived: 0 };
  // What was before the first job is no gap between jobs.
  const gapS = empty || emptySinceS === undefined || arrivedBefore === 0 ? 0 : atS - emptySinceS;
  const state: PolicyState = {
    ...rest,
    ...learn(before, marks, settings),
    marks,
    usage: addUsage(before, atS, queue.visible, fleet),
    dispersion: countDispersion(before, marks),
    pools: learnPools(snapshot, before, lastS),
    gaps: gapS > 0 ? addGap(before.gaps, gapS) : before.gaps,
    ...(empty ? { emptySinceS: emptySinceS ?? atS } : {}),
    work: addWork(before.work, services, queue.inFlight - queue.asleep, Math.max(0, atS - lastS)),
  };
  const pool = pools.find(({ bootS }) => bootS !== undefined) ?? pools[0];
  const quantiles = pool === undefined ? undefined : bootQuantiles(pool);
  return {
    snapshot,
    queue,
    settings,
    fleet,
    state,
    meanServiceS: meanServiceS(services, state.work, settings.targetWaitS),
    boots: quantiles === undefined ? [0] : likelyDurations(quantiles),
    bootS: quantiles?.meanS ?? 0,
  };
}

function act(situation: Situation, { more, fewer, needless = 0, why }: Plan): Decision<PolicyState> {
  const { snapshot, settings, fleet, state } = situation;
  const { atS } = snapshot;
  const actions: Action[] = [];
  // The fullest of the resting ones are the most useful and the farthest from leaving.
  const back = fleet.resting
    .toSorted((left, right) => right.inFlight - left.inFlight)
    .slice(0, Math.max(0, more))
    .map(({ id }) => id);
  if (back.length > 0) actions.push({ kind: "uncordon", ids: back });
  // The room is divided over the pools, not given to the first.
  const wanted = Math.min(more - back.length, settings.maxInstances - snapshot.instances.length);
  const { launches, limit } = withinLimits(
    wanted > 0 ? choosePools(wanted, snapshot, state.pools) : [],
    snapshot,
    settings,
  );
  for (const launch of launches) actions.push({ kind: "launch", ...launch });
  const resting = [
    ...chooseResting(fleet.ready, fewer, snapshot.pools, settings.billing, atS),
    ...youngest(fleet.booting, needless),
  ];
  if (resting.length > 0) actions.push({ kind: "cordon", ids: resting });
  const returned = new Set(back);
  const empty = fleet.resting
    .filter(({ inFlight, id }) => inFlight === 0 && !returned.has(id))
    .map(({ id }) => id);
  const ended = [...empty, ...hopelessBoots(snapshot, fleet.booting)];
  if (ended.length > 0) actions.push({ kind: "terminate", ids: ended });
  return {
    actions,
    sentence: sentenceOf(situation, actions, limit === undefined ? why : `${why}; ${limit} allows no more`),
    state: launches.length > 0 ? { ...state, lastLaunchAtS: atS } : state,
  };
}

function sentenceOf({ queue, fleet }: Situation, actions: readonly Action[], why: string): string {
  const did = actions.map((action) =>
    action.kind === "launch"
      ? `launch ${action.count} in ${action.pool}`
      : `${action.kind} ${action.ids.length}`,
  );
  const sizes = `${fleet.ready.length} ready, ${fleet.booting.length} booting, ${fleet.resting.length} resting`;
  return `${did.length === 0 ? "keep" : did.join(", ")}: ${queue.visible} wait, ${queue.inFlight} run, ${sizes}; ${why}`;
}
