import type { Config } from "../../base/config/config.ts";

const DAY_S = 86_400;

/**
 * SQS's own limit on receipts is a far backstop: Drover counts the tries that were a job's own fault, and a lost
 * machine is not one.
 */
const MAX_RECEIVE_COUNT = 1_000;

export interface QueuePlan {
  name: string;
  retentionS: number;
  visibilityTimeoutS: number;
  deadLetter?: { name: string; maxReceiveCount: number };
}

/** The fleet's queues as they should be. Dead letters keep the original's age, so theirs is the longest retention. */
export function queuePlans({ queues, visibility_timeout_s: visibilityTimeoutS }: Config): QueuePlan[] {
  return [
    { name: queues.dead, retentionS: 14 * DAY_S, visibilityTimeoutS },
    {
      name: queues.requests,
      retentionS: 7 * DAY_S,
      visibilityTimeoutS,
      deadLetter: { name: queues.dead, maxReceiveCount: MAX_RECEIVE_COUNT },
    },
    { name: queues.responses, retentionS: 14 * DAY_S, visibilityTimeoutS },
    { name: queues.deliveries, retentionS: 14 * DAY_S, visibilityTimeoutS },
  ];
}
