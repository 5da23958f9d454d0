/**
 * A queue of numbers ordered by time: a 4-ary heap over typed arrays, since tens of millions of
 * completions pass through it and objects would cost the memory that the simulator promises not to use.
 */
export class TimeHeap {
  size = 0;
  #times: Float64Array;
  #payloads: Int32Array;

  constructor(capacity = 1024) {
    this.#times = new Float64Array(capacity);
    this.#payloads = new Int32Array(capacity);
  }

  /** Time of the first entry; Infinity when there is none. */
  get nextS(): number {
    return this.size === 0 ? Infinity : (this.#times[0] as number);
  }

  push(timeS: number, payload: number): void {
    if (this.size === this.#times.length) this.#grow();
    const times = this.#times;
    const payloads = this.#payloads;
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      const parentTime = times[parent] as number;
      if (parentTime <= timeS) break;
      times[at] = parentTime;
      payloads[at] = payloads[parent] as number;
      at = parent;
    }
    times[at] = timeS;
    payloads[at] = payload;
  }

  /** Removes the first entry and returns its payload. Read `nextS` before. */
  pop(): number {
    const first = this.#payloads[0] as number;
    this.size--;
    if (this.size > 0) this.#sink(this.#times[this.size] as number, this.#payloads[this.size] as number);
    return first;
  }

  #sink(timeS: number, payload: number): void {
    const times = this.#times;
    const payloads = this.#payloads;
    const size = this.size;
    let at = 0;
    for (;;) {
      const from = at * 4 + 1;
      if (from >= size) break;
      const to = Math.min(from + 4, size);
      let least = from;
      let leastTime = times[from] as number;
      for (let child = from + 1; child < to; child++) {
        const time = times[child] as number;
        if (time < leastTime) {
          least = child;
          leastTime = time;
        }
      }
      if (leastTime >= timeS) break;
      times[at] = leastTime;
      payloads[at] = payloads[least] as number;
      at = least;
    }
    times[at] = timeS;
    payloads[at] = payload;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    const payloads = new Int32Array(this.#times.length * 2);
    times.set(this.#times);
    payloads.set(this.#payloads);
    this.#times = times;
    this.#payloads = payloads;
  }
}
