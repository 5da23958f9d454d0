/**
 * Cholesky for the normal equations of the bound: two unknowns per step (work X, count n), each coupled to the step
 * before only. The matrix is Σ_t work_t·(X_t − X_{t−1} − n_t)² + coupling_t·(n_t − n_{t−1})² + tube_t·X_t² + some_t·n_t²,
 * as a quadratic form, hence symmetric and positive definite.
 */
export class TwoBandSystem {
  readonly #steps: number;
  /** The factor: per step, the lower triangle of its own block … */
  readonly #xx: Float64Array;
  readonly #nx: Float64Array;
  readonly #nn: Float64Array;
  /** … and the block that ties it to the step before (rows X, n; columns X, n of the step before). */
  readonly #tieXx: Float64Array;
  readonly #tieXn: Float64Array;
  readonly #tieNx: Float64Array;
  readonly #tieNn: Float64Array;

  constructor(steps: number) {
    const column = () => new Float64Array(steps);
    this.#steps = steps;
    this.#xx = column();
    this.#nx = column();
    this.#nn = column();
    this.#tieXx = column();
    this.#tieXn = column();
    this.#tieNx = column();
    this.#tieNn = column();
  }

  factor(work: Float64Array, coupling: Float64Array, tube: Float64Array, some: Float64Array): void {
    let [xx, nx, nn] = [1, 0, 1];
    for (let step = 0; step < this.#steps; step++) {
      const w = work[step] as number;
      const c = coupling[step] as number;
      let diagonalX = w + (work[step + 1] ?? 0) + (tube[step] as number);
      let diagonalNx = -w;
      let diagonalN = w + c + (coupling[step + 1] ?? 0) + (some[step] as number);
      if (step > 0) {
        // The tie is [[−w, 0], [w, −c]] times the inverse of the transposed factor of the step before.
        const tieXx = -w / xx;
        const tieXn = (-tieXx * nx) / nn;
        const tieNx = w / xx;
        const tieNn = (-c - tieNx * nx) / nn;
        this.#tieXx[step] = tieXx;
        this.#tieXn[step] = tieXn;
        this.#tieNx[step] = tieNx;
        this.#tieNn[step] = tieNn;
        diagonalX -= tieXx * tieXx + tieXn * tieXn;
        diagonalNx -= tieNx * tieXx + tieNn * tieXn;
        diagonalN -= tieNx * tieNx + tieNn * tieNn;
      }
      // Rounding can eat a pivot when the method is nearly done; such a direction is then not moved along.
      xx = diagonalX > 1e-300 ? Math.sqrt(diagonalX) : 1e150;
      nx = diagonalNx / xx;
      const rest = diagonalN - nx * nx;
      nn = rest > 1e-300 ? Math.sqrt(rest) : 1e150;
      this.#xx[step] = xx;
      this.#nx[step] = nx;
      this.#nn[step] = nn;
    }
  }

  /** Replaces the right side by the solution. */
  solve(x: Float64Array, n: Float64Array): void {
    for (let step = 0; step < this.#steps; step++) {
      const [beforeX, beforeN] = [x[step - 1] ?? 0, n[step - 1] ?? 0];
      const ownX =
        (x[step] as number) - this.#at(this.#tieXx, step) * beforeX - this.#at(this.#tieXn, step) * beforeN;
      const ownN =
        (n[step] as number) - this.#at(this.#tieNx, step) * beforeX - this.#at(this.#tieNn, step) * beforeN;
      x[step] = ownX / this.#at(this.#xx, step);
      n[step] = (ownN - this.#at(this.#nx, step) * (x[step] as number)) / this.#at(this.#nn, step);
    }
    for (let step = this.#steps - 1; step >= 0; step--) {
      const [nextX, nextN] = [x[step + 1] ?? 0, n[step + 1] ?? 0];
      const after = step + 1 < this.#steps ? step + 1 : -1;
      const ownX =
        (x[step] as number) - this.#at(this.#tieXx, after) * nextX - this.#at(this.#tieNx, after) * nextN;
      const ownN =
        (n[step] as number) - this.#at(this.#tieXn, after) * nextX - this.#at(this.#tieNn, after) * nextN;
      n[step] = ownN / this.#at(this.#nn, step);
      x[step] = (ownX - this.#at(this.#nx, step) * (n[step] as number)) / this.#at(this.#xx, step);
    }
  }

  #at(values: Float64Array, step: number): number {
    return values[step] ?? 0;
  }
}
