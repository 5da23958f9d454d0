import type { JobIdentity } from "./identity.ts";
import { attemptsPrefix, resultKey } from "./keys.ts";

/**
 * What is recorded of a try, in the order of its life.
 * `started`: a program is about to run; only written when the message was received before, so that the happy path pays
 * nothing. `failed`: by the job's own fault. `blocked`: something else was out of reach. `ended`: it was
 * started and came to nothing for a reason that is known: the agent was leaving, the lease was lost.
 */
export type AttemptRecord = "started" | "failed" | "blocked" | "ended";

/** What earlier receivers of a message left behind. */
export interface History {
  hasResult: boolean;
  /** Tries that failed by the job's own fault. */
  failures: number;
  /** Tries that met something out of reach. */
  blocks: number;
  /** Tries that were started and ended for a reason that is known. */
  ended: number;
  /** Tries that started and were never heard of again. */
  vanished: number;
}

export const NO_HISTORY: History = { hasResult: false, failures: 0, blocks: 0, ended: 0, vanished: 0 };

/** `jobs/<id>/g<n>/attempts/<attempt>.<record>` */
export function recordKey(job: JobIdentity, attemptId: string, record: AttemptRecord): string {
  return `${attemptsPrefix(job)}${attemptId}.${record}`;
}

/** The history that the keys under a job's prefix tell. */
export function historyOf(job: JobIdentity, keys: readonly string[]): History {
  const prefix = attemptsPrefix(job);
  const attempts = new Map<AttemptRecord, Set<string>>([
    ["started", new Set()],
    ["failed", new Set()],
    ["blocked", new Set()],
    ["ended", new Set()],
  ]);
  for (const key of keys) {
    if (!key.startsWith(prefix)) continue;
    const dot = key.lastIndexOf(".");
    attempts.get(key.slice(dot + 1) as AttemptRecord)?.add(key.slice(prefix.length, dot));
  }
  const known = (record: AttemptRecord) => attempts.get(record) ?? new Set<string>();
  const heardOf = known("failed").union(known("blocked")).union(known("ended"));
  return {
    hasResult: keys.includes(resultKey(job)),
    failures: known("failed").size,
    blocks: known("blocked").size,
    ended: known("ended").size,
    vanished: known("started").difference(heardOf).size,
  };
}

/** So many machines that went silent with one job in their hands are no coincidence. */
const DEATHS = 3;

/**
 * True for a job that takes its hosts down. The first try leaves no `started`, so it counts as a death when the queue
 * has handed the message out more often than the records explain; a message that was only waiting in an agent that
 * died is innocent.
 */
export function isHostKiller(history: History, receiveCount: number): boolean {
  const explained = history.failures + history.blocks + history.ended + history.vanished;
  const first = receiveCount - 1 > explained ? 1 : 0;
  return history.vanished > 0 && history.vanished + first >= DEATHS;
}
