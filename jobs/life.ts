/**
 * The life of a job in the hands of one agent.
 *
 *   received ─▶ admitted ─▶ fetching ─▶ ready ─▶ running ─▶ settling ─▶ done
 *       │           │           │         │         │           │
 *       │           ├───────────┼─────────┼─────────┼──▶ settling          (a refusal or a failure is a result too)
 *       ├───────────┼───────────┼─────────┼─────────┼───────────┼──▶ returned  (visible again: back-off, drain, newer contract)
 *       └───────────┴───────────┴─────────┴─────────┴───────────┴──▶ abandoned (lease lost: no effect may follow)
 *   received ─▶ settling                                                      (a result exists: only the delivery is due)
 *
 * done: delivered (or handed to the deliveries queue), parked as well where that is due, and deleted. The
 * last three states are final.
 */
export const JOB_STATES = [
  "received",
  "admitted",
  "fetching",
  "ready",
  "running",
  "settling",
  "done",
  "returned",
  "abandoned",
] as const;

export type JobState = (typeof JOB_STATES)[number];

const ENDS = ["returned", "abandoned"] as const;

const NEXT: Record<JobState, readonly JobState[]> = {
  received: ["admitted", "settling", ...ENDS],
  admitted: ["fetching", "settling", ...ENDS],
  fetching: ["ready", "settling", ...ENDS],
  ready: ["running", "settling", ...ENDS],
  running: ["settling", ...ENDS],
  settling: ["done", ...ENDS],
  done: [],
  returned: [],
  abandoned: [],
};

/** True when a job in `from` may go to `to`. */
export function mayFollow(from: JobState, to: JobState): boolean {
  return NEXT[from].includes(to);
}

export function isFinal(state: JobState): boolean {
  return NEXT[state].length === 0;
}
