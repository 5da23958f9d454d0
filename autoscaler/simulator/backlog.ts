/**
 * The jobs that wait, oldest first. Jobs arrive in the order of their numbers, so the ones that nobody has started
 * are a range; the few that lost their instance stand in front of it.
 */
export class Backlog {
  #first = 0;
  #end = 0;
  #again: number[] = [];

  get size(): number {
    return this.#end - this.#first + this.#again.length;
  }

  /** The next job that arrives has the next number. */
  arrive(): void {
    this.#end++;
  }

  /** A job that has just arrived was started without waiting. */
  pass(): void {
    this.#end++;
    this.#first = this.#end;
  }

  /** A job whose instance is gone. */
  putBack(job: number): void {
    this.#again.push(job);
  }

  /** The number of the job that waits longest; undefined when none waits. */
  oldest(): number | undefined {
    if (this.#again.length > 0) return this.#again.reduce((least, job) => Math.min(least, job));
    return this.#first < this.#end ? this.#first : undefined;
  }

  take(): number | undefined {
    const again = this.#again.pop();
    if (again !== undefined) return again;
    return this.#first < this.#end ? this.#first++ : undefined;
  }
}
