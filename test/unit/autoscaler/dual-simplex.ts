/**
 * A general solver for small linear programmes: minimise c·z with G·z ≤ h, z ≥ 0 and c ≥ 0, by the dual simplex method on a
 * dense tableau. Slow and plain, which is what an oracle should be.
 */
export function dualSimplex(
  costs: readonly number[],
  rows: readonly (readonly number[])[],
  limits: readonly number[],
): number {
  const width = costs.length + rows.length;
  const tableau = rows.map((row, at) => [
    ...row,
    ...rows.map((_, slack) => (slack === at ? 1 : 0)),
    limits[at] ?? 0,
  ]);
  const reduced = [...costs, ...rows.map(() => 0), 0];
  for (let round = 0; round < 10_000; round++) {
    const leaving = tableau.reduce(
      (least, row, at) => ((row[width] ?? 0) < (tableau[least]?.[width] ?? 0) ? at : least),
      0,
    );
    const pivotRow = tableau[leaving] ?? [];
    if ((pivotRow[width] ?? 0) > -1e-9) return -(reduced[width] ?? 0);
    let entering = -1;
    let best = Infinity;
    for (let column = 0; column < width; column++) {
      const entry = pivotRow[column] ?? 0;
      if (entry >= -1e-9) continue;
      const ratio = (reduced[column] ?? 0) / -entry;
      if (ratio < best - 1e-12) [best, entering] = [ratio, column];
    }
    if (entering === -1) throw new Error("the programme has no solution");
    const pivot = pivotRow[entering] ?? 1;
    for (let column = 0; column <= width; column++) pivotRow[column] = (pivotRow[column] ?? 0) / pivot;
    for (const row of [...tableau, reduced]) {
      const factor = row === pivotRow ? 0 : (row[entering] ?? 0);
      if (factor === 0) continue;
      for (let column = 0; column <= width; column++) {
        row[column] = (row[column] ?? 0) - factor * (pivotRow[column] ?? 0);
      }
    }
  }
  throw new Error("the simplex method did not end");
}
