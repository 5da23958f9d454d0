import { droverPolicy } from "../decide.ts";
import type { Policy } from "../policy.ts";
import type { PolicyState } from "../state.ts";
import { baselineNamed, baselineNames } from "../policies/registry.ts";
import { openWorlds } from "./build-world.ts";
import { compare } from "./comparison.ts";
import { type Duel, type Goal, patientGoals, spotGoals, tightGoals } from "./goals.ts";
import { flagsFor, LOADS, noFiles, type Row, runTrial, settingsFor, type Trial } from "./loads.ts";
import { numberOf, type Flags } from "./options.ts";
import { cheapest, triedIn, tuned } from "./tune.ts";

const PATIENT: Trial = {
  title: "Target wait 300 s, longer than a boot",
  targetWaitS: 300,
  targetShare: 0.995,
  spot: false,
};
const TIGHT: Trial = {
  title: "Target wait 60 s, shorter than a boot, for 95 % of jobs",
  targetWaitS: 60,
  targetShare: 0.95,
  spot: false,
};
const SPOT: Trial = {
  title: "Target wait 300 s, nine spot zones at 0.35 of the price",
  targetWaitS: 300,
  targetShare: 0.995,
  spot: true,
};

/** The shares at which policies are held against each other, and those that ours is asked for in order to reach them. */
const SHARES = [0.95, 0.98, 0.99];
const ASKED = [0.95, 0.97, 0.98, 0.99, 0.995, 0.998];
/** Seven numbers for each of eleven baselines are a lot to try: two seeds, a day at most. */
const TUNING_SEEDS = 2;
const TUNING_HOURS = 24;

type Progress = (what: string) => void;

export interface Trials {
  goals: Goal[];
  tables: (readonly [Trial, readonly Row[]])[];
}

/** Every policy on every load, and what that says of the goals. */
export async function runTrials(flags: Flags, progress: Progress): Promise<Trials> {
  const onDemand = baselineNames.filter((name) => name !== "spothedge");
  const patient = await runTrial(policiesOf(onDemand), PATIENT, flags, progress);
  const spot = await runTrial(policiesOf(["spothedge"]), SPOT, flags, progress);
  const duels = await runDuels(onDemand, flags, progress);
  const tight = await runTrial(policiesOf(onDemand), TIGHT, flags, progress);
  return {
    goals: [...patientGoals(patient), ...tightGoals(duels), ...spotGoals(spot, patient[0])],
    tables: [
      [PATIENT, patient],
      [TIGHT, tight],
      [SPOT, spot],
    ],
  };
}

const policiesOf = (baselines: readonly string[]): Policy[] => [
  droverPolicy,
  ...baselines.flatMap((name) => baselineNamed(name) ?? []),
];

/** Ours, asked for another share than the settings say. */
function asking(targetShare: number): Policy {
  const policy: Policy<PolicyState> = {
    ...droverPolicy,
    name: `drover:targetShare=${targetShare}`,
    decide: (snapshot, settings, state) => droverPolicy.decide(snapshot, { ...settings, targetShare }, state),
  };
  return policy;
}

/** On each load the best tuned baseline against ours, at each share. */
async function runDuels(baselines: readonly string[], flags: Flags, progress: Progress): Promise<Duel[]> {
  const seeds = String(Math.min(TUNING_SEEDS, numberOf("seeds", flags.seeds, 1)));
  const duels: Duel[] = [];
  for (const load of LOADS) {
    const worlds = await openWorlds({ ...flagsFor(load, flags, TUNING_HOURS), seeds }, noFiles);
    const baselineRuns = tuned(baselines, worlds.of(1), TIGHT.targetWaitS);
    const outcomes = compare(
      [...ASKED.map(asking), ...baselineRuns],
      worlds,
      settingsFor(TIGHT),
      (_, __, what) => progress(`tuning: ${load.shape}, ${what}`),
    );
    const ours = triedIn(outcomes.slice(0, ASKED.length));
    const rivals = triedIn(outcomes.slice(ASKED.length));
    const best = ours.toSorted((left, right) => right.mean.shareInTime - left.mean.shareInTime)[0];
    for (const share of SHARES) {
      const own = cheapest(ours, share) ?? best;
      if (own === undefined) continue;
      // Where ours does not reach the share, what it reaches is what the others have to reach.
      const rival = cheapest(rivals, Math.min(share, own.mean.shareInTime));
      duels.push({ load: load.shape, share, own: own.mean, rival });
    }
  }
  return duels;
}
