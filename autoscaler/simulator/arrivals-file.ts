import { DroverError } from "../../base/errors.ts";
import type { Chance } from "./chance.ts";
import { readTable } from "./table.ts";

/** Arrivals as a file tells them: when, and how long each job works if the file knows. */
export interface Arrivals {
  arrivalS: Float64Array;
  serviceS?: Float32Array;
  durationS: number;
}

/** The one period of a file that has only one line. */
const LONE_PERIOD_S = 60;

/**
 * Reads a CSV file with the columns `time_s` and `count` (so many jobs in the period that begins there) or `time_s` and
 * `service_s` (one job per line). Times count from the file's first line. Throws config-invalid with the number of the
 * line that is wrong.
 */
export function readArrivals(text: string, chance: Chance): Arrivals {
  const { has, columns, lineOf } = readTable("arrivals", text, ["time_s"], ["count", "service_s"]);
  const [timeS = new Float64Array(), value = new Float64Array()] = columns;
  const first = timeS[0] ?? 0;
  for (let row = 0; row < timeS.length; row++) {
    const isBefore = row > 0 && (timeS[row] as number) < (timeS[row - 1] as number);
    if (isBefore)
      throw wrong(lineOf(row), "its time is before that of the line above: sort the file by time_s");
    if ((value[row] as number) < 0) throw wrong(lineOf(row), `its ${has} is negative`);
  }
  const fromStart = timeS.map((time) => time - first);
  return has === "count" ? spread(fromStart, value, chance) : oneEach(fromStart, value);
}

const wrong = (line: number, reason: string) =>
  new DroverError("config-invalid", `Line ${line} of the arrivals is wrong: ${reason}.`);

function oneEach(timeS: Float64Array, serviceS: Float64Array): Arrivals {
  return { arrivalS: timeS, serviceS: Float32Array.from(serviceS), durationS: timeS.at(-1) ?? 0 };
}

/**
 * The jobs of a line come at any moment of its period, each as likely: what a Poisson process does once the count is
 * known. A period ends at the next line, but is no longer than most periods of the file, so that lines may be left out
 * where nothing came. What a count has beyond a whole number goes to the next line.
 */
function spread(timeS: Float64Array, counts: Float64Array, chance: Chance): Arrivals {
  const periodS = usualStep(timeS);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const arrivalS = new Float64Array(Math.round(total));
  let [at, sum] = [0, 0];
  for (let row = 0; row < timeS.length; row++) {
    const fromS = timeS[row] as number;
    const lengthS = Math.min(periodS, (timeS[row + 1] ?? Infinity) - fromS);
    const first = at;
    sum += counts[row] as number;
    for (const end = Math.min(arrivalS.length, Math.round(sum)); at < end; at++) {
      arrivalS[at] = fromS + chance() * lengthS;
    }
    arrivalS.subarray(first, at).sort();
  }
  return { arrivalS, durationS: (timeS.at(-1) ?? 0) + periodS };
}

/** The most frequent distance between two lines; the shorter one of two that are as frequent. */
function usualStep(timeS: Float64Array): number {
  const seen = new Map<number, number>();
  for (let row = 1; row < timeS.length; row++) {
    const step = (timeS[row] as number) - (timeS[row - 1] as number);
    if (step > 0) seen.set(step, (seen.get(step) ?? 0) + 1);
  }
  const [usual] = [...seen].toSorted(([step, times], [other, often]) => often - times || step - other);
  return usual?.[0] ?? LONE_PERIOD_S;
}
