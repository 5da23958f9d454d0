import type { Corridor } from "./corridor.ts";
import { TwoBandSystem } from "./two-band-system.ts";

/** Stop when the gap between the bounds from both sides is this small relative to their size. */
const TOLERANCE = 1e-5;
const MOST_ROUNDS = 120;

/**
 * The linear programme of the bound, in steps of one unit:
 *
 *   minimise Σ n_t + boot · Σ u_t   over X, n, u
 *   (work)   X_t − X_{t−1} ≤ n_t    (grow)  n_t − n_{t−1} ≤ u_t    (up)    0 ≤ u_t
 *   (most)   X_t ≤ most_t           (least) least_t ≤ X_t          (some)  0 ≤ n_t
 *
 * solved by Mehrotra's predictor-corrector interior point method (SIAM J. Optim. 2, 1992). Each step touches only its
 * neighbour, so the normal equations are a band and a round takes time proportional to the number of steps. Returns the
 * price of work in each step (the multipliers of `work`); whoever trusts only feasible prices repairs and values them.
 */
export function solvePrices(corridor: Corridor, boot: number): Float64Array {
  const programme = new Programme(corridor, boot);
  for (let round = 0; round < MOST_ROUNDS && programme.gap() > TOLERANCE; round++) {
    if (!programme.improve()) break;
  }
  return programme.prices();
}

/** The six kinds of rows, each with one row per step. */
const ROWS = 6;
const [WORK, GROW, UP, MOST, LEAST, SOME] = [0, 1, 2, 3, 4, 5] as const;

class Programme {
  readonly #steps: number;
  readonly #boot: number;
  readonly #limits: Float64Array[];
  readonly #work: Float64Array;
  readonly #count: Float64Array;
  readonly #rise: Float64Array;
  readonly #slack: Float64Array[];
  readonly #price: Float64Array[];
  readonly #system: TwoBandSystem;

  constructor({ least, most }: Corridor, boot: number) {
    const steps = least.length;
    const zero = () => new Float64Array(steps);
    this.#steps = steps;
    this.#boot = boot;
    this.#work = least.map((low, step) => (low + (most[step] as number)) / 2);
    this.#count = this.#work.map((work, step) => Math.max(0, work - (this.#work[step - 1] ?? 0)));
    const mean = this.#count.reduce((sum, count) => sum + count, 0) / steps;
    this.#count = this.#count.map((count) => count + mean);
    this.#rise = this.#count.map((count, step) => Math.max(0, count - (this.#count[step - 1] ?? 0)) + mean);
    this.#limits = [zero(), zero(), zero(), most, least.map((low) => -low), zero()];
    this.#system = new TwoBandSystem(steps);
    const slack = this.#rows(this.#work, this.#count, this.#rise);
    // Where the corridor has no width, the start has no room: the method closes that gap as it goes.
    this.#slack = slack.map((rows, kind) =>
      rows.map((value, step) => Math.max((this.#limits[kind]?.[step] ?? 0) - value, mean * 1e-3)),
    );
    this.#price = this.#slack.map((rows) => rows.map((value) => mean / value));
  }

  prices(): Float64Array {
    return this.#price[WORK] as Float64Array;
  }

  /** Complementarity relative to the cost. */
  gap(): number {
    let cost = 0;
    for (let step = 0; step < this.#steps; step++) {
      cost += (this.#count[step] as number) + this.#boot * (this.#rise[step] as number);
    }
    return (this.#mu() * this.#steps * ROWS) / Math.max(cost, 1e-12) + this.#infeasibility();
  }

  /** One round; false when no step forward is possible any more. */
  improve(): boolean {
    const mu = this.#mu();
    const dual = this.#dualResidual();
    const primal = this.#primalResidual();
    this.#factor();
    const plain = this.#products();
    const guess = this.#direction(dual, primal, plain);
    const reach = this.#reach(guess);
    const after = this.#muAfter(guess, reach);
    const centred = (after / mu) ** 3 * mu;
    const target = plain.map((rows, kind) =>
      rows.map(
        (value, step) =>
          value + (guess.slack[kind]?.[step] ?? 0) * (guess.price[kind]?.[step] ?? 0) - centred,
      ),
    );
    const direction = this.#direction(dual, primal, target);
    const { forward, upward } = this.#reach(direction);
    this.#move(direction, 0.995 * forward, 0.995 * upward);
    return Math.max(forward, upward) > 1e-6;
  }

  #mu(): number {
    let sum = 0;
    for (let kind = 0; kind < ROWS; kind++) sum += dot(this.#slack[kind], this.#price[kind]);
    return sum / (this.#steps * ROWS);
  }

  #products(): Float64Array[] {
    return this.#slack.map((rows, kind) =>
      rows.map((value, step) => value * (this.#price[kind]?.[step] ?? 0)),
    );
  }

  /** The left sides of all rows. */
  #rows(work: Float64Array, count: Float64Array, rise: Float64Array): Float64Array[] {
    return [
      work.map((value, step) => value - (work[step - 1] ?? 0) - (count[step] as number)),
      count.map((value, step) => value - (count[step - 1] ?? 0) - (rise[step] as number)),
      rise.map((value) => -value),
      work.slice(),
      work.map((value) => -value),
      count.map((value) => -value),
    ];
  }

  /** Costs plus the rows' prices, one array per kind of variable: zero at the optimum. */
  #dualResidual(): [Float64Array, Float64Array, Float64Array] {
    const [work, count, rise] = this.#columns(this.#price);
    return [work, count.map((value) => value + 1), rise.map((value) => value + this.#boot)];
  }

  /** The transpose of `#rows`. */
  #columns(rows: readonly Float64Array[]): [Float64Array, Float64Array, Float64Array] {
    const at = (kind: number, step: number) => rows[kind]?.[step] ?? 0;
    const work = new Float64Array(this.#steps);
    const count = new Float64Array(this.#steps);
    const rise = new Float64Array(this.#steps);
    for (let step = 0; step < this.#steps; step++) {
      work[step] = at(WORK, step) - at(WORK, step + 1) + at(MOST, step) - at(LEAST, step);
      count[step] = -at(WORK, step) + at(GROW, step) - at(GROW, step + 1) - at(SOME, step);
      rise[step] = -at(GROW, step) - at(UP, step);
    }
    return [work, count, rise];
  }

  #primalResidual(): Float64Array[] {
    const rows = this.#rows(this.#work, this.#count, this.#rise);
    return rows.map((values, kind) =>
      values.map(
        (value, step) => value + (this.#slack[kind]?.[step] ?? 0) - (this.#limits[kind]?.[step] ?? 0),
      ),
    );
  }

  #infeasibility(): number {
    const dual = this.#dualResidual();
    const largest = Math.max(
      ...dual.map((values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)),
    );
    return largest / (1 + this.#boot);
  }

  #weights(): Float64Array[] {
    return this.#price.map((rows, kind) =>
      rows.map((price, step) => price / (this.#slack[kind]?.[step] ?? 1)),
    );
  }

  #factor(): void {
    const weights = this.#weights();
    const [work, grow, up, most, least, some] = weights as [
      ...[Float64Array, Float64Array, Float64Array],
      ...[Float64Array, Float64Array, Float64Array],
    ];
    // u_t appears in two rows of its own step only: eliminated by hand, what is left couples n_t and n_{t−1}.
    const coupling = grow.map(
      (value, step) => (value * (up[step] as number)) / (value + (up[step] as number)),
    );
    this.#system.factor(
      work,
      coupling,
      most.map((value, step) => value + (least[step] as number)),
      some,
    );
  }

  #direction(
    dual: readonly Float64Array[],
    primal: readonly Float64Array[],
    target: readonly Float64Array[],
  ): Direction {
    const weights = this.#weights();
    const rows = weights.map((values, kind) =>
      values.map(
        (weight, step) =>
          weight * (primal[kind]?.[step] ?? 0) -
          (target[kind]?.[step] ?? 0) / (this.#slack[kind]?.[step] ?? 1),
      ),
    );
    const [forWork, forCount, forRise] = this.#columns(rows).map((values, variable) =>
      values.map((value, step) => -value - (dual[variable]?.[step] ?? 0)),
    ) as [Float64Array, Float64Array, Float64Array];
    const [grow, up] = [weights[GROW] as Float64Array, weights[UP] as Float64Array];
    for (let step = 0; step < this.#steps; step++) {
      const share =
        ((forRise[step] as number) * (grow[step] as number)) /
        ((grow[step] as number) + (up[step] as number));
      forCount[step] = (forCount[step] as number) + share;
      if (step > 0) forCount[step - 1] = (forCount[step - 1] as number) - share;
    }
    this.#system.solve(forWork, forCount);
    const rise = forRise.map((value, step) => {
      const change = (forCount[step] as number) - (forCount[step - 1] ?? 0);
      return (value + (grow[step] as number) * change) / ((grow[step] as number) + (up[step] as number));
    });
    const moved = this.#rows(forWork, forCount, rise);
    const slack = moved.map((values, kind) =>
      values.map((value, step) => -value - (primal[kind]?.[step] ?? 0)),
    );
    const price = rows.map((values, kind) =>
      values.map((value, step) => value + (weights[kind]?.[step] ?? 0) * (moved[kind]?.[step] ?? 0)),
    );
    return { work: forWork, count: forCount, rise, slack, price };
  }

  /** How far each side can go before something turns negative, at most 1. */
  #reach({ slack, price }: Direction): Reach {
    return { forward: longest(this.#slack, slack), upward: longest(this.#price, price) };
  }

  #muAfter(direction: Direction, { forward, upward }: Reach): number {
    let sum = 0;
    for (let kind = 0; kind < ROWS; kind++) {
      for (let step = 0; step < this.#steps; step++) {
        const slack = (this.#slack[kind]?.[step] ?? 0) + forward * (direction.slack[kind]?.[step] ?? 0);
        sum += slack * ((this.#price[kind]?.[step] ?? 0) + upward * (direction.price[kind]?.[step] ?? 0));
      }
    }
    return sum / (this.#steps * ROWS);
  }

  #move(direction: Direction, forward: number, upward: number): void {
    add(this.#work, direction.work, forward);
    add(this.#count, direction.count, forward);
    add(this.#rise, direction.rise, forward);
    for (let kind = 0; kind < ROWS; kind++) {
      add(this.#slack[kind], direction.slack[kind], forward);
      add(this.#price[kind], direction.price[kind], upward);
    }
  }
}

interface Direction {
  work: Float64Array;
  count: Float64Array;
  rise: Float64Array;
  slack: Float64Array[];
  price: Float64Array[];
}

interface Reach {
  forward: number;
  upward: number;
}

function dot(left: Float64Array | undefined, right: Float64Array | undefined): number {
  let sum = 0;
  for (let step = 0; step < (left?.length ?? 0); step++) sum += (left?.[step] ?? 0) * (right?.[step] ?? 0);
  return sum;
}

function add(to: Float64Array | undefined, what: Float64Array | undefined, times: number): void {
  if (to === undefined || what === undefined) return;
  for (let step = 0; step < to.length; step++)
    to[step] = (to[step] as number) + times * (what[step] as number);
}

function longest(values: readonly Float64Array[], changes: readonly Float64Array[]): number {
  let most = 1;
  for (const [kind, rows] of values.entries()) {
    for (let step = 0; step < rows.length; step++) {
      const change = changes[kind]?.[step] ?? 0;
      if (change < 0) most = Math.min(most, (rows[step] as number) / -change);
    }
  }
  return most;
}
