/** How fast the mean follows: the last ten or so values count. */
const WEIGHT = 0.2;

/** An exponentially weighted mean; undefined before the first value. */
export class Mean {
  value: number | undefined;

  add(sample: number): void {
    this.value = this.value === undefined ? sample : this.value + WEIGHT * (sample - this.value);
  }
}
