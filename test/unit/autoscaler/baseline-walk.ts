import type { Policy, Settings } from "../../../autoscaler/policy.ts";
import { baselineNamed } from "../../../autoscaler/policies/registry.ts";
import type { Action, Snapshot } from "../../../autoscaler/snapshot.ts";
import { settings } from "./snapshots.ts";

/** Runs a baseline through moments in order and returns the actions of the last one. */
export function last(name: string, moments: readonly Snapshot[], own: Settings = settings): Action[] {
  const policy = baselineNamed(name) as Policy;
  let state = policy.start();
  let actions: Action[] = [];
  for (const moment of moments) ({ actions, state } = policy.decide(moment, own, state));
  return actions;
}

export const launched = (actions: readonly Action[]) =>
  actions.reduce((sum, action) => sum + (action.kind === "launch" ? action.count : 0), 0);
export const idsOf = (actions: readonly Action[], kind: "cordon" | "terminate") =>
  actions.flatMap((action) => (action.kind === kind ? action.ids : []));
export const left = (actions: readonly Action[]) =>
  idsOf(actions, "cordon").length + idsOf(actions, "terminate").length;

/** The same facts every `everyS` seconds, from 0 to `untilS`. */
export const repeated = (everyS: number, untilS: number, at: (atS: number) => Snapshot): Snapshot[] =>
  Array.from({ length: Math.floor(untilS / everyS) + 1 }, (_, step) => at(step * everyS));
