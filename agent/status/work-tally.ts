import { bucketOf, type WorkReport } from "../../autoscaler/daemon/work-report.ts";

/** Counts for the autoscaler: what came, what was done and how long it took, what sleeps until its next try. */
export class WorkTally {
  /** First receipts: a job that is tried again does not arrive again. */
  received = 0;
  /** Receipts that were not the first. */
  repeated = 0;
  readonly #services: WorkReport = {};
  /** When the messages that we put to sleep wake up, by the monotonic clock. */
  #wakeAt: number[] = [];

  finished(service: string, runS: number): void {
    const work = (this.#services[service] ??= { finished: 0, sumS: 0, runs: {} });
    const bucket = bucketOf(runS);
    work.finished++;
    work.sumS = Math.round((work.sumS + runS) * 1000) / 1000;
    work.runs[bucket] = (work.runs[bucket] ?? 0) + 1;
  }

  /** Programs of this service that ran for so long or longer, as far as the buckets can tell. */
  lasted(service: string, seconds: number): number {
    const runs = Object.entries(this.#services[service]?.runs ?? {});
    const least = bucketOf(seconds);
    return runs.reduce((sum, [bucket, jobs]) => (Number(bucket) >= least ? sum + jobs : sum), 0);
  }

  sleeps(untilMs: number): void {
    this.#wakeAt.push(untilMs);
  }

  /** Messages that are in flight for the queue, and that nobody works on. */
  asleep(nowMs: number): number {
    this.#wakeAt = this.#wakeAt.filter((at) => at > nowMs);
    return this.#wakeAt.length;
  }

  /** JSON of a WorkReport. */
  report(): string {
    return JSON.stringify(this.#services);
  }
}
