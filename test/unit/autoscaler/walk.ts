import { decide } from "../../../autoscaler/decide.ts";
import type { Settings } from "../../../autoscaler/policy.ts";
import type { Action, Decision, Snapshot } from "../../../autoscaler/snapshot.ts";
import { startState, type PolicyState } from "../../../autoscaler/state.ts";
import { settings } from "./snapshots.ts";

export const launched = (actions: readonly Action[]) =>
  actions.reduce((sum, action) => sum + (action.kind === "launch" ? action.count : 0), 0);
export const kinds = (actions: readonly Action[]) => actions.map(({ kind }) => kind);

/** Decides on each moment in order. */
export function walk(moments: readonly Snapshot[], own: Settings = settings): Decision<PolicyState> {
  let decision: Decision<PolicyState> = { actions: [], sentence: "", state: startState() };
  for (const moment of moments) decision = decide(moment, own, decision.state);
  return decision;
}

export const every10 = (untilS: number, at: (atS: number) => Snapshot): Snapshot[] =>
  Array.from({ length: untilS / 10 + 1 }, (_, step) => at(step * 10));
