import type { Clock } from "../../../base/clock.ts";
import { AwsError } from "../aws-error.ts";
import type { Ec2Settings } from "./settings.ts";

/**
 * A token bucket for each action, as the EC2 developer guide describes them ("Request throttling for the Amazon EC2
 * API"); how large and how fast is a setting.
 */
export class Throttle {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();
  #refused = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Requests refused so far. */
  get refused(): number {
    return this.#refused;
  }

  /** Takes a token. Throws AwsError `RequestLimitExceeded` when there is none. */
  take(action: string, limit: Ec2Settings["throttle"]): void {
    if (limit === null) return;
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(action) ?? { tokens: limit.burst, atMs: now };
    const tokens = Math.min(limit.burst, bucket.tokens + ((now - bucket.atMs) / 1000) * limit.ratePerS);
    this.#buckets.set(action, { tokens: tokens < 1 ? tokens : tokens - 1, atMs: now });
    if (tokens >= 1) return;
    this.#refused++;
    throw new AwsError("RequestLimitExceeded", "Request limit exceeded.");
  }
}
