import type { Quantiles } from "../snapshot.ts";

const BUCKETS = 512;
/** Each bucket is 3 % wide: the quantiles are off by at most that, which no decision can feel. */
const GROWTH = Math.log(1.03);
const LEAST_S = 0.01;

/**
 * Quantiles of recent durations in fixed memory: a histogram with logarithmic buckets whose weight halves
 * every `halfLife` observations, so that a change of behaviour shows and one outlier does not stay.
 */
export class QuantileWindow {
  #weights = new Float64Array(BUCKETS);
  #weight = 0;
  #sum = 0;
  #samples = 0;
  #known: Quantiles | undefined;
  /** Weight of the next observation; grows instead of shrinking all the others. */
  #next = 1;
  readonly #gain: number;

  constructor(halfLife: number) {
    this.#gain = 2 ** (1 / halfLife);
  }

  add(durationS: number): void {
    const bucket = bucketOf(durationS);
    this.#weights[bucket] = (this.#weights[bucket] as number) + this.#next;
    this.#weight += this.#next;
    this.#sum += this.#next * durationS;
    this.#count();
  }

  /**
   * A duration that nobody saw the end of: longer than `ageS`, and else like those that are known to be longer (Efron's
   * redistribution to the right, 1967). Without it the slow ones, which are given up more often, would be forgotten.
   */
  addLonger(ageS: number): void {
    const from = bucketOf(ageS) + 1;
    const longer = this.#weights.subarray(from).reduce((sum, weight) => sum + weight, 0);
    if (longer === 0) {
      this.add(ageS);
      return;
    }
    const growth = 1 + this.#next / longer;
    for (let bucket = from; bucket < BUCKETS; bucket++) {
      const weight = this.#weights[bucket] as number;
      this.#weights[bucket] = weight * growth;
      this.#sum += weight * (growth - 1) * durationOf(bucket);
    }
    this.#weight += this.#next;
    this.#count();
  }

  #count(): void {
    this.#samples++;
    this.#known = undefined;
    this.#next *= this.#gain;
    if (this.#next > 1e100) this.#rescale();
  }

  /** The weight of the observations of so many seconds or more. */
  weightFrom(seconds: number): number {
    return this.#weights.subarray(bucketOf(seconds)).reduce((sum, weight) => sum + weight, 0);
  }

  /** Undefined before the first observation. */
  read(): Quantiles | undefined {
    // Many look before the next one comes.
    if (this.#samples > 0) this.#known ??= this.#compute();
    return this.#known;
  }

  #compute(): Quantiles {
    const [p10S = 0, p50S = 0, p90S = 0, p99S = 0] = this.#quantiles([0.1, 0.5, 0.9, 0.99]);
    return { samples: this.#samples, meanS: this.#sum / this.#weight, p10S, p50S, p90S, p99S };
  }

  #quantiles(shares: number[]): number[] {
    const found: number[] = [];
    let below = 0;
    for (let bucket = 0; bucket < BUCKETS && found.length < shares.length; bucket++) {
      below += this.#weights[bucket] as number;
      while (
        found.length < shares.length &&
        below >= (shares[found.length] ?? 1) * this.#weight * (1 - 1e-12)
      ) {
        found.push(durationOf(bucket));
      }
    }
    return found;
  }

  #rescale(): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      this.#weights[bucket] = (this.#weights[bucket] as number) / this.#next;
    }
    this.#weight /= this.#next;
    this.#sum /= this.#next;
    this.#next = 1;
  }
}

const bucketOf = (durationS: number): number =>
  Math.min(BUCKETS - 1, Math.ceil(Math.log(Math.max(durationS, LEAST_S) / LEAST_S) / GROWTH));

const durationOf = (bucket: number): number => LEAST_S * Math.exp(GROWTH * bucket);
