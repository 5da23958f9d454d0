import { QuantileWindow } from "../simulator/quantile-window.ts";
import type { ServiceView } from "../snapshot.ts";
import type { Report } from "./reports.ts";
import { secondsOf } from "./work-report.ts";

/** Counts of one agent at its last report. */
type Seen = Pick<Report, "received" | "repeated" | "returned" | "work">;

const NOTHING: Seen = { received: 0, repeated: 0, returned: 0, work: {} };
/** Jobs after which an older one counts half. */
const HALF_LIFE_JOBS = 2000;
/** Agents whose last counts are remembered: more than can report. */
const MOST_AGENTS = 50_000;
/** Reports lag behind the queue's counters by less than this. */
const LAG_S = 60;

/**
 * What the fleet has done since we began to look, out of counters of agents that come and go, and how many jobs have been
 * sent: those received for the first time and those that wait. A job that is tried again waits once more and is no arrival.
 */
export class WorkSeen {
  readonly #last = new Map<string, Seen>();
  readonly #services = new Map<string, { finished: number; runs: QuantileWindow }>();
  #began = false;
  #received = 0;
  /** Handed back, less those received again: what sleeps or waits for its next try. */
  #again = 0;
  #arrived = 0;
  /** Sums of the last minute, for healing: what agents took with them when they died is missing for ever. */
  #recent: { atS: number; sum: number }[] = [];
  #offset = 0;

  update(reports: readonly Report[]): void {
    for (const report of reports) {
      const key = `${report.agent} ${report.startedAt}`;
      // Who was there before us has counted what we know nothing of; who comes later starts at zero.
      const before = this.#last.get(key) ?? (this.#began ? NOTHING : report);
      this.#last.delete(key); // so that the map's order is that of the reports
      this.#last.set(key, report);
      this.#received += report.received - before.received;
      this.#again += report.returned - before.returned - (report.repeated - before.repeated);
      this.#addWork(report, before);
    }
    this.#began = true;
    // Those that were heard of the longest ago.
    for (const key of this.#last.keys()) {
      if (this.#last.size <= MOST_AGENTS) break;
      this.#last.delete(key);
    }
  }

  #addWork({ work }: Report, before: Seen): void {
    for (const [name, { finished, runs }] of Object.entries(work)) {
      const old = before.work[name];
      const service = this.#services.get(name) ?? { finished: 0, runs: new QuantileWindow(HALF_LIFE_JOBS) };
      this.#services.set(name, service);
      service.finished += finished - (old?.finished ?? 0);
      for (const [bucket, count] of Object.entries(runs)) {
        for (let more = count - (old?.runs[bucket] ?? 0); more > 0; more--) {
          service.runs.add(secondsOf(Number(bucket)));
        }
      }
    }
  }

  /** Jobs sent so far; never falls. */
  arrived(atS: number, visible: number, asleep: number): number {
    // Less than none wait again: they came from agents that died and told nobody.
    this.#again = Math.max(this.#again, asleep);
    const waitAgain = Math.min(visible, this.#again - asleep);
    const sum = this.#received + visible - waitAgain + this.#offset;
    this.#arrived = Math.max(this.#arrived, sum);
    this.#recent = [...this.#recent.filter((old) => old.atS > atS - LAG_S), { atS, sum }];
    const whole = atS - (this.#recent[0]?.atS ?? atS) > LAG_S * 0.75;
    const most = Math.max(...this.#recent.map((it) => it.sum));
    if (whole && most < this.#arrived) {
      this.#offset += this.#arrived - most;
      this.#recent = [];
    }
    return this.#arrived;
  }

  /** The arrivals are divided over the services as the finished jobs are. */
  services(arrived: number): ServiceView[] {
    const known = [...this.#services];
    const total = known.reduce((sum, [, { finished }]) => sum + finished, 0);
    if (total === 0) return [{ name: "unknown", arrived, finished: 0 }];
    let left = arrived;
    return known.map(([name, { finished, runs }], at) => {
      const share = at === known.length - 1 ? left : Math.floor((arrived * finished) / total);
      left -= share;
      const serviceS = runs.read();
      return { name, arrived: share, finished, ...(serviceS === undefined ? {} : { serviceS }) };
    });
  }
}
