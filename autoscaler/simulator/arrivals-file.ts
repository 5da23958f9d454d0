import { DroverError } from "../../base/errors.ts";
import type { Chance } from "./chance.ts";

/** Arrivals as a file tells them: when, and how long each job works if the file knows. */
export interface Arrivals {
  arrivalS: Float64Array;
  serviceS?: Float32Array;
  durationS: number;
}

/**
 * Reads a CSV file with the columns `time_s,count` (jobs in the period that begins there, spread evenly by chance) or
 * `time_s,service_s` (one job per line). Times count from the file's first line. Throws config-invalid with the
 * number of the line that is wrong.
 */
export function readArrivals(text: string, chance: Chance): Arrivals {
  const [header = "", ...lines] = text.split(/\r?\n/);
  const columns = header.split(",").map((name) => name.trim());
  const kind = columns.join(",");
  if (kind !== "time_s,count" && kind !== "time_s,service_s") {
    throw new DroverError(
      "config-invalid",
      `An arrivals file begins with the line "time_s,count" or "time_s,service_s", not "${header}".`,
    );
  }
  const rows = readRows(lines);
  return kind === "time_s,count" ? spread(rows, chance) : oneEach(rows);
}

interface Rows {
  timeS: Float64Array;
  value: Float64Array;
}

function readRows(lines: string[]): Rows {
  const filled = lines.filter((line) => line.trim() !== "");
  const timeS = new Float64Array(filled.length);
  const value = new Float64Array(filled.length);
  for (const [row, line] of filled.entries()) {
    const comma = line.indexOf(",");
    const time = Number(line.slice(0, comma));
    const number = Number(line.slice(comma + 1));
    const ascends = row === 0 || time >= (timeS[row - 1] as number);
    if (comma === -1 || !Number.isFinite(time) || !(number >= 0) || !ascends) {
      throw new DroverError(
        "config-invalid",
        `Line ${row + 2} of the arrivals, "${line}", is wrong: two numbers, times ascending, values not negative.`,
      );
    }
    timeS[row] = time;
    value[row] = number;
  }
  if (filled.length === 0)
    throw new DroverError("config-invalid", "The arrivals file holds no line but its header.");
  const first = timeS[0] as number;
  return { timeS: timeS.map((time) => time - first), value };
}

function oneEach({ timeS, value }: Rows): Arrivals {
  return { arrivalS: timeS, serviceS: Float32Array.from(value), durationS: timeS.at(-1) ?? 0 };
}

function spread({ timeS, value }: Rows, chance: Chance): Arrivals {
  const arrivalS = new Float64Array(value.reduce((sum, count) => sum + Math.round(count), 0));
  // The last period is as long as the one before; a file of one line means one second.
  const lastS = (timeS.at(-1) ?? 0) + ((timeS.at(-1) ?? 1) - (timeS.at(-2) ?? 0));
  let at = 0;
  for (let row = 0; row < timeS.length; row++) {
    const from = timeS[row] as number;
    const to = timeS[row + 1] ?? lastS;
    const first = at;
    for (const end = at + Math.round(value[row] as number); at < end; at++) {
      arrivalS[at] = from + chance() * (to - from);
    }
    arrivalS.subarray(first, at).sort();
  }
  return { arrivalS, durationS: lastS };
}
