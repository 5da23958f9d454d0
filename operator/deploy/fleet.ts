import { SCALING } from "../../autoscaler/daemon/reports.ts";
import type { StatusRow, Store } from "../../cloud/ports/store.ts";

/** What one instance says about its release. During a change two agents report for it; this is the newer one. */
export interface InstanceRelease {
  instance: string;
  /** Empty: it was not started by boot.sh. */
  release: string;
  serial: number;
  /** Why it does not run what the channel names: a code and a sentence; empty when it does. */
  problem: string;
  startedAt: number;
  /** Jobs concluded and tries that failed, since its agent started. */
  done: number;
  failed: number;
  ageS: number;
  /** False for a control host, which runs the autoscaler alone. */
  takesJobs: boolean;
  /** An agent of another release still takes jobs here: it has not been told to drain, or has not said so yet. */
  isChanging: boolean;
}

const MISSED_HEARTBEATS = 3;
const USUAL_PERIOD_S = 10;

/** The instances that report, one entry each, by name. */
export async function instancesOf(store: Store, now: number): Promise<InstanceRelease[]> {
  const alive = (await store.listStatus()).flatMap((row) => {
    const entry = entryOf(row, now);
    const isSilent = entry.ageS > MISSED_HEARTBEATS * (numberOf(row, "periodS") || USUAL_PERIOD_S);
    return isSilent ? [] : [{ ...entry, isWorking: textOf(row, "state") === "working" }];
  });
  const newest = new Map<string, InstanceRelease>();
  for (const { isWorking: _, ...entry } of alive.toSorted((a, b) => a.startedAt - b.startedAt)) {
    const others = alive.filter((it) => it.instance === entry.instance && it.release !== entry.release);
    newest.set(entry.instance, { ...entry, isChanging: others.some((it) => it.isWorking) });
  }
  return [...newest.values()].toSorted((a, b) => (a.instance < b.instance ? -1 : 1));
}

function entryOf(row: StatusRow, now: number): InstanceRelease {
  return {
    instance: textOf(row, "instance") || row.instanceId,
    release: textOf(row, "release"),
    serial: numberOf(row, "serial"),
    problem: textOf(row, "releaseProblem"),
    startedAt: numberOf(row, "startedAt"),
    done: numberOf(row, "done"),
    failed: numberOf(row, "failed"),
    ageS: Math.max(0, (now - row.heartbeatAt) / 1000),
    takesJobs: textOf(row, "state") !== SCALING,
    isChanging: false,
  };
}

function textOf(row: StatusRow, field: string): string {
  const value = row[field];
  return typeof value === "string" ? value : "";
}

function numberOf(row: StatusRow, field: string): number {
  const value = row[field];
  return typeof value === "number" ? value : 0;
}
