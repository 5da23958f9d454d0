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
  /** Weight of the next observation; grows instead of shrinking all the others. */
  #next = 1;
  readonly #gain: number;

  constructor(halfLife: number) {
    this.#gain = 2 ** (1 / halfLife);
  }

  add(durationS: number): void {
    const bucket = Math.ceil(Math.log(Math.max(durationS, LEAST_S) / LEAST_S) / GROWTH);
    const at = Math.min(BUCKETS - 1, bucket);
    this.#weights[at] = (this.#weights[at] as number) + this.#next;
    this.#weight += this.#next;
    this.#sum += this.#next * durationS;
    this.#samples++;
    this.#next *= this.#gain;
    if (this.#next > 1e100) this.#rescale();
  }

  /** Undefined before the first observation. */
  read(): Quantiles | undefined {
    if (this.#samples === 0) return undefined;
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
        found.push(LEAST_S * Math.exp(GROWTH * bucket));
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
