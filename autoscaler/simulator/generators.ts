import { DroverError } from "../../base/errors.ts";
import { normal, poisson, type Chance } from "./chance.ts";

/** Arrivals a second at each step of `stepS` seconds. */
export interface Rates {
  stepS: number;
  perS: Float64Array;
}

interface Shape {
  summary: string;
  /** Length of the run without --hours. */
  hours: number;
  /** The rate at `atS` relative to the base rate. */
  build(chance: Chance, durationS: number): (atS: number) => number;
}

const MINUTE = 60;
const HOUR = 3600;

/** Load shapes by name; each is relative to a base rate, so that one shape serves small and large fleets. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  steady: { summary: "the same rate all the time", hours: 12, build: () => () => 1 },
  daily: { summary: "a day's wave, from 0.1 to 1.9, with noise", hours: 36, build: daily },
  spikes: { summary: "steady, with spikes of ×3 to ×15 that last minutes", hours: 24, build: spikes },
  surges: {
    summary: "a weak wave with rare surges of up to ×40 that last an hour",
    hours: 96,
    build: surges,
  },
  nights: { summary: "days of work, nights of a few jobs an hour", hours: 48, build: () => nights },
  bursts: { summary: "nothing, then bursts of some minutes", hours: 24, build: bursts },
  "x100-3min": {
    summary: "×100 within 3 minutes, held 40 minutes, then decay",
    hours: 4,
    build: () => surge(3),
  },
  "x100-20min": {
    summary: "×100 within 20 minutes, held 40 minutes, then decay",
    hours: 4,
    build: () => surge(20),
  },
  decay: { summary: "starts at ×50 and halves every 20 minutes", hours: 4, build: () => decay },
  walk: { summary: "a random walk of the logarithm of the rate", hours: 36, build: walk },
  square: { summary: "on for 25 minutes, off for 35, again and again", hours: 12, build: () => square },
};

/** Throws config-invalid when there is no such shape. */
export function generateRates(name: string, perS: number, chance: Chance, hours?: number): Rates {
  const shape = Object.hasOwn(SHAPES, name) ? SHAPES[name] : undefined;
  if (shape === undefined) {
    throw new DroverError(
      "config-invalid",
      `There is no generator "${name}". There are: ${Object.keys(SHAPES).join(", ")}.`,
    );
  }
  const durationS = (hours ?? shape.hours) * HOUR;
  const stepS = 10;
  const at = shape.build(chance, durationS);
  const rates = Float64Array.from(
    { length: Math.ceil(durationS / stepS) },
    (_, step) => perS * at(step * stepS),
  );
  return { stepS, perS: rates };
}

/** Arrival times of a Poisson process with these rates, ascending. */
export function drawArrivals({ stepS, perS }: Rates, chance: Chance): Float64Array {
  const counts = Int32Array.from(perS, (rate) => poisson(chance, rate * stepS));
  const arrivals = new Float64Array(counts.reduce((sum, count) => sum + count, 0));
  let at = 0;
  for (const [step, count] of counts.entries()) {
    const from = at;
    for (; at < from + count; at++) arrivals[at] = (step + chance()) * stepS;
    arrivals.subarray(from, at).sort();
  }
  return arrivals;
}

function daily(chance: Chance): (atS: number) => number {
  const phase = chance() * 24 * HOUR;
  let noise = 0;
  return (atS) => {
    noise = 0.98 * noise + 0.02 * normal(chance);
    return (1 - 0.9 * Math.cos((2 * Math.PI * (atS + phase)) / (24 * HOUR))) * Math.exp(noise);
  };
}

function spikes(chance: Chance, durationS: number): (atS: number) => number {
  const all = Array.from({ length: Math.ceil(durationS / (2 * HOUR)) }, () => ({
    atS: chance() * durationS,
    riseS: (0.5 + 4 * chance()) * MINUTE,
    holdS: (1 + 14 * chance()) * MINUTE,
    height: 2 + 12 * chance() ** 2,
  }));
  return (atS) => 1 + heightOf(all, atS);
}

interface Spike {
  atS: number;
  riseS: number;
  holdS: number;
  height: number;
}

/** What spikes add at a time: each rises evenly, holds, and falls as fast as it rose, ever slower. */
function heightOf(all: readonly Spike[], atS: number): number {
  return all.reduce((sum, spike) => {
    const since = atS - spike.atS;
    if (since < 0) return sum;
    if (since < spike.riseS) return sum + (spike.height * since) / spike.riseS;
    return sum + spike.height * Math.exp(-Math.max(0, since - spike.riseS - spike.holdS) / spike.riseS);
  }, 0);
}

function surges(chance: Chance, durationS: number): (atS: number) => number {
  const all = Array.from({ length: Math.ceil(durationS / (12 * HOUR)) }, () => ({
    atS: chance() * durationS,
    riseS: (1 + 10 * chance()) * MINUTE,
    holdS: (10 + 80 * chance()) * MINUTE,
    height: 4 + 35 * chance() ** 2,
  }));
  const phase = chance() * 24 * HOUR;
  return (atS) => 1 - 0.6 * Math.cos((2 * Math.PI * (atS + phase)) / (24 * HOUR)) + heightOf(all, atS);
}

function nights(atS: number): number {
  const hour = (atS / HOUR) % 24;
  const day = Math.min(hour - 8, 1.2, (20 - hour) * 0.6);
  return Math.max(0.01, day);
}

function bursts(chance: Chance): (atS: number) => number {
  let height = 0;
  let untilS = 0;
  return (atS) => {
    if (atS >= untilS) {
      height = height > 0 ? 0 : 0.5 + 4 * chance();
      untilS = atS - Math.log(1 - chance()) * (height > 0 ? 8 : 30) * MINUTE;
    }
    return height;
  };
}

function surge(rampMinutes: number): (atS: number) => number {
  const fromS = HOUR;
  const toS = fromS + rampMinutes * MINUTE;
  return (atS) => {
    if (atS < fromS) return 1;
    if (atS < toS) return 1 + (99 * (atS - fromS)) / (toS - fromS);
    return 1 + 99 * Math.exp(-Math.max(0, atS - toS - 40 * MINUTE) / (15 * MINUTE));
  };
}

function decay(atS: number): number {
  return 50 * 0.5 ** (atS / (20 * MINUTE));
}

function walk(chance: Chance): (atS: number) => number {
  let level = 0;
  return () => {
    level = 0.9995 * level + 0.04 * normal(chance);
    return Math.exp(level);
  };
}

function square(atS: number): number {
  return atS % HOUR < 25 * MINUTE ? 1 : 0;
}
