import { corridorOf, type Corridor } from "./corridor.ts";
import { solvePrices } from "./interior-point.ts";

/** Finer steps would change the bound by less than a thousandth and cost minutes. */
const MOST_STEPS = 60_000;
const LONGEST_STEP_S = 30;
const STEPS_PER_WAIT = 4;

interface Question {
  arrivalS: Float64Array;
  serviceS: Float32Array;
  targetWaitS: number;
  slots: number;
  /** What starting an instance costs, in instance-seconds: the mean boot time. */
  bootS: number;
}

/**
 * LB(W): instance-seconds that any policy needs that starts every job within `targetWaitS`, even one that knows every
 * future arrival. A fluid relaxation: instances can be divided, and booting costs `bootS` instance-seconds each time
 * the fleet grows. The value returned is the worth of a feasible dual solution, so it never exceeds the true
 * minimum, however far the solver got; tests hold it against a general solver.
 */
export function lowerBound({ arrivalS, serviceS, targetWaitS, slots, bootS }: Question): number {
  if (arrivalS.length === 0) return 0;
  const lastS = (arrivalS.at(-1) ?? 0) + targetWaitS;
  const stepS = Math.max(
    Math.min(LONGEST_STEP_S, targetWaitS > 0 ? targetWaitS / STEPS_PER_WAIT : 1),
    lastS / MOST_STEPS,
  );
  return corridorBound(corridorOf({ arrivalS, serviceS }, targetWaitS, slots, stepS), bootS);
}

/** The bound of a corridor, in instance-seconds. */
export function corridorBound({ stepS, least, most }: Corridor, bootS: number): number {
  // In units of one step an instance does one unit of work a step.
  const scaled = {
    stepS: 1,
    least: least.map((work) => work / stepS),
    most: most.map((work) => work / stepS),
  };
  const boot = bootS / stepS;
  const prices = solvePrices(scaled, boot);
  repair(prices, boot);
  return worth(prices, scaled) * stepS;
}

/**
 * Prices are feasible when no span of time charges more than its length plus one boot: else renting an instance for
 * that span would be cheaper than the price. Lowers what is above that.
 */
function repair(prices: Float64Array, boot: number): void {
  let excess = 0;
  for (let step = 0; step < prices.length; step++) {
    const price = Math.max(0, prices[step] as number);
    prices[step] = Math.min(price, boot - excess + 1);
    excess = Math.max(0, excess + (prices[step] as number) - 1);
  }
}

/** Work that must be done by the time the price falls is worth the fall; work that may be done before it rises, less. */
function worth(prices: Float64Array, { least, most }: Corridor): number {
  let sum = 0;
  for (let step = 0; step < prices.length; step++) {
    const fall = (prices[step] as number) - (prices[step + 1] ?? 0);
    sum += fall > 0 ? fall * (least[step] as number) : fall * (most[step] as number);
  }
  return sum;
}
