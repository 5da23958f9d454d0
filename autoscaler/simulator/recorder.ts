import type { Decision, Snapshot } from "../snapshot.ts";
import type { Host } from "./fleet.ts";
import type { World } from "./world.ts";

/** The plot needs no more points than a wide screen has pixels. */
const MOST_POINTS = 2000;

/** The state of the run over time, one entry per sample. */
export interface Series {
  atS: number[];
  waiting: number[];
  inFlight: number[];
  ready: number[];
  booting: number[];
  cordoned: number[];
  /** Age of the oldest job that waits, seconds. */
  oldestS: number[];
}

export interface Run {
  /** How long each job waited for its first start, seconds; Infinity when it never started. */
  waitS: Float32Array;
  hosts: readonly Host[];
  endedAtS: number;
  /** Decisions that changed the size of the fleet: outwards and inwards counted apart. */
  scaleOuts: number;
  scaleIns: number;
  killedByScaleIn: number;
  redoneAfterReclaim: number;
  reclaims: number;
  /** Work that had to be done again, slot-seconds. */
  lostWorkS: number;
  series: Series;
}

/** Takes down what the report needs while a run goes on. */
export class Recorder {
  reclaims = 0;
  readonly #waitS: Float32Array;
  readonly #startS: Float64Array;
  readonly #serviceS: Float32Array;
  readonly #everyS: number;
  readonly #counts = { scaleOuts: 0, scaleIns: 0, killedByScaleIn: 0, redoneAfterReclaim: 0, lostWorkS: 0 };
  readonly #series: Series = {
    atS: [],
    waiting: [],
    inFlight: [],
    ready: [],
    booting: [],
    cordoned: [],
    oldestS: [],
  };

  constructor({ workload }: World) {
    this.#waitS = new Float32Array(workload.arrivalS.length).fill(Infinity);
    this.#startS = new Float64Array(workload.arrivalS.length);
    this.#serviceS = workload.serviceS;
    this.#everyS = workload.durationS / MOST_POINTS;
  }

  started(job: number, waitS: number, atS: number): void {
    if (this.#waitS[job] === Infinity) this.#waitS[job] = waitS;
    this.#startS[job] = atS;
  }

  startedAt(job: number): number {
    return this.#startS[job] as number;
  }

  isLastStart(job: number, completesAtS: number): boolean {
    return (this.#startS[job] as number) + (this.#serviceS[job] as number) === completesAtS;
  }

  lost(job: number, atS: number, cause: "scale-in" | "reclaim"): void {
    this.#counts[cause === "reclaim" ? "redoneAfterReclaim" : "killedByScaleIn"]++;
    this.#counts.lostWorkS += atS - (this.#startS[job] as number);
  }

  decided(atS: number, { actions }: Decision<unknown>, waiting: number, snapshot: Snapshot): void {
    const outs = actions.some(({ kind }) => kind === "launch" || kind === "uncordon");
    const ins = actions.some(
      (action) =>
        action.kind === "cordon" || (action.kind === "terminate" && anyInService(action.ids, snapshot)),
    );
    if (outs) this.#counts.scaleOuts++;
    if (ins) this.#counts.scaleIns++;
    if (atS - (this.#series.atS.at(-1) ?? -Infinity) >= this.#everyS) this.#sample(atS, waiting, snapshot);
  }

  #sample(atS: number, waiting: number, { instances, queue }: Snapshot): void {
    const { series } = { series: this.#series };
    let [booting, cordoned] = [0, 0];
    for (const { state } of instances) {
      if (state === "booting") booting++;
      else if (state === "cordoned") cordoned++;
    }
    series.atS.push(atS);
    series.waiting.push(waiting);
    series.inFlight.push(queue?.inFlight ?? 0);
    series.ready.push(instances.length - booting - cordoned);
    series.booting.push(booting);
    series.cordoned.push(cordoned);
    series.oldestS.push(waiting === 0 ? 0 : atS - (queue?.oldestSentAtS ?? atS));
  }

  end(hosts: readonly Host[], endedAtS: number): Run {
    return {
      waitS: this.#waitS,
      hosts,
      endedAtS,
      ...this.#counts,
      reclaims: this.reclaims,
      series: this.#series,
    };
  }
}

/** The end of a cordoned instance is the second half of a decision that was counted before. */
function anyInService(ids: readonly string[], { instances }: Snapshot): boolean {
  const leaving = new Set(ids);
  return instances.some(({ id, state }) => state !== "cordoned" && leaving.has(id));
}
