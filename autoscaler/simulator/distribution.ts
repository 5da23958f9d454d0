import { DroverError } from "../../base/errors.ts";
import { normal, type Chance } from "./chance.ts";

/** A positive duration by chance, seconds. */
export interface Distribution {
  meanS: number;
  sample(chance: Chance): number;
}

const SHAPES =
  "fixed:30, uniform:60-300, exponential:30, lognormal:30,1.5 (mean, spread), pareto:30,2.5 (mean, tail)";

/** Reads `SHAPE:NUMBERS`. Throws config-invalid with the list of shapes. */
export function parseDistribution(text: string): Distribution {
  const [shape = "", rest = ""] = text.split(":");
  const numbers = rest
    .split(shape === "uniform" ? "-" : ",")
    .map((part) => (part === "" ? Number.NaN : Number(part)));
  const [first = Number.NaN, second = Number.NaN] = numbers;
  const build = SHAPE_BUILDERS[shape];
  const expected = ["fixed", "exponential"].includes(shape) ? 1 : 2;
  if (build === undefined || numbers.length !== expected || numbers.some((number) => !(number >= 0))) {
    throw new DroverError("config-invalid", `"${text}" is not a distribution. Write one of: ${SHAPES}.`);
  }
  return build(first, second);
}

const SHAPE_BUILDERS: Record<string, (first: number, second: number) => Distribution> = {
  fixed: (value) => ({ meanS: value, sample: () => value }),
  uniform: (low, high) => ({ meanS: (low + high) / 2, sample: (chance) => low + (high - low) * chance() }),
  exponential: (mean) => ({ meanS: mean, sample: (chance) => -mean * Math.log(1 - chance()) }),
  lognormal: (mean, spread) => {
    const variance = Math.log(1 + spread * spread);
    const mu = Math.log(mean) - variance / 2;
    return { meanS: mean, sample: (chance) => Math.exp(mu + Math.sqrt(variance) * normal(chance)) };
  },
  pareto: (mean, tail) => {
    if (tail <= 1)
      throw new DroverError("config-invalid", "A pareto tail must be above 1, else it has no mean.");
    const least = (mean * (tail - 1)) / tail;
    return { meanS: mean, sample: (chance) => least * (1 - chance()) ** (-1 / tail) };
  },
};

/** Draws from observed durations. Throws config-invalid when there are none. */
export function empirical(values: Float64Array): Distribution {
  if (values.length === 0)
    throw new DroverError("config-invalid", "The file of durations holds no durations.");
  const total = values.reduce((sum, value) => sum + value, 0);
  return {
    meanS: total / values.length,
    sample: (chance) => values[Math.floor(chance() * values.length)] ?? 0,
  };
}
