/**
 * Every unpleasantness that AWS's documentation allows, and nothing that it forbids:
 * - `lost-response` the effect happens, the connection is reset in place of the answer
 * - `throttle` refused, in the service's own words (RequestThrottled, SlowDown, ServiceUnavailable)
 * - `server-error` refused with the service's internal error, nothing done
 * - `delay` the answer takes up to `maxDelayMs` longer
 * - `duplicate` a message of a standard queue goes to a second receiver as well
 * - `reorder` messages of a standard queue come in another order
 * - `empty-receive` a short poll of a standard queue finds nothing, or less than there is
 * - `late-visibility` a message sent to a standard queue can be received only after up to `maxLateMs`
 * - `lenient-visibility` ChangeMessageVisibility with a handle that is no longer good answers OK and does nothing
 * - `conflict` a conditional write to S3 ends with 409 ConditionalRequestConflict, nothing done
 * - `stale-read` a SimpleDB read without ConsistentRead sees what was there before
 */
export const faultNames = [
  "lost-response",
  "throttle",
  "server-error",
  "delay",
  "duplicate",
  "reorder",
  "empty-receive",
  "late-visibility",
  "lenient-visibility",
  "conflict",
  "stale-read",
] as const;

export type FaultName = (typeof faultNames)[number];

export type FaultCounts = Record<FaultName, number>;

/** What a service asks at the places where something may go wrong. */
export interface Faults {
  /** False when nothing ever goes wrong on purpose. */
  readonly enabled: boolean;
  /** Whether this fault happens now; counted when it does. */
  strikes(name: FaultName): boolean;
  /** An integer from 0 to `limit - 1`, for a fault that has struck. */
  pick(name: FaultName, limit: number): number;
  /** How often each fault has happened, so that a test can prove that it did. */
  counts(): FaultCounts;
}

export interface NastyOptions {
  /** The same seed and the same requests in the same order: the same faults. */
  seed: number;
  /** Probability of each fault, 0 to 1; those not named never happen. */
  rates: Partial<Record<FaultName, number>>;
}

/** Long enough for requests to overtake each other, short enough for a test. */
export const maxDelayMs = 200;
/** AWS says "within seconds" of nothing; a test should not have to wait longer. */
export const maxLateMs = 2000;

const zeroCounts = () => Object.fromEntries(faultNames.map((name) => [name, 0])) as FaultCounts;

/** A cloud on its best behaviour. */
export const noFaults: Faults = {
  enabled: false,
  strikes: () => false,
  pick: () => 0,
  counts: zeroCounts,
};

/**
 * Faults drawn from a seed. Each has a stream of its own, so that the rate of one does not move the others.
 */
export function createFaults({ seed, rates }: NastyOptions): Faults {
  const counts = zeroCounts();
  const streams = new Map(faultNames.map((name, index) => [name, stream(seed, index)]));
  const draw = (name: FaultName) => streams.get(name)?.() ?? 1;
  return {
    enabled: true,
    strikes(name) {
      const rate = rates[name] ?? 0;
      if (rate <= 0 || draw(name) >= rate) return false;
      counts[name]++;
      return true;
    },
    pick: (name, limit) => Math.floor(draw(name) * limit),
    counts: () => ({ ...counts }),
  };
}

/** Numbers in [0, 1) from a seed: mulberry32, 32 bits of state, good enough to choose by. */
function stream(seed: number, index: number): () => number {
  let state = (seed + Math.imul(index + 1, 0x9e37_79b9)) | 0;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
