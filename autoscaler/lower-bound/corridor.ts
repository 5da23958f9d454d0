/** The least and the most work, in instance-seconds, that can be done by the end of each step. */
export interface Corridor {
  stepS: number;
  least: Float64Array;
  most: Float64Array;
}

interface Jobs {
  arrivalS: Float64Array;
  serviceS: Float32Array;
}

/**
 * Work can be done from the arrival on, a job at the speed of one slot: most(t) = Σ min(s, (t − a)⁺) / S. A job that
 * starts within the target wait W has done at least least(t) = Σ min(s, (t − a − W)⁺) / S. Both are exact at the ends of
 * the steps, which makes the bound valid for every step length: averaging a schedule over a step changes neither its
 * cost nor these points.
 */
export function corridorOf(
  { arrivalS, serviceS }: Jobs,
  targetWaitS: number,
  slots: number,
  stepS: number,
): Corridor {
  const endS = latestEnd(arrivalS, serviceS) + targetWaitS;
  const steps = Math.ceil(endS / stepS) + 1;
  const most = workByStep({ arrivalS, serviceS }, 0, slots, stepS, steps);
  const least = workByStep({ arrivalS, serviceS }, targetWaitS, slots, stepS, steps);
  return { stepS, least, most };
}

function latestEnd(arrivalS: Float64Array, serviceS: Float32Array): number {
  let latest = 0;
  for (let job = 0; job < arrivalS.length; job++) {
    latest = Math.max(latest, (arrivalS[job] as number) + (serviceS[job] as number));
  }
  return latest;
}

/** Σ min(s, (t − a − shift)⁺) / slots at t = (step + 1) · stepS: a job is a ramp, and a ramp is two corners. */
function workByStep(jobs: Jobs, shiftS: number, slots: number, stepS: number, steps: number): Float64Array {
  // `slope` gains a slot where a job begins; `work` takes what the first step of the ramp misses.
  const slope = new Float64Array(steps + 1);
  const work = new Float64Array(steps + 1);
  const corner = (atS: number, sign: number) => {
    const step = Math.min(steps, Math.floor(atS / stepS));
    work[step] = (work[step] as number) + (sign * ((step + 1) * stepS - atS)) / slots;
    if (step < steps) slope[step + 1] = (slope[step + 1] as number) + (sign * stepS) / slots;
  };
  for (let job = 0; job < jobs.arrivalS.length; job++) {
    const begins = (jobs.arrivalS[job] as number) + shiftS;
    corner(begins, 1);
    corner(begins + (jobs.serviceS[job] as number), -1);
  }
  const total = new Float64Array(steps);
  let done = 0;
  let rate = 0;
  for (let step = 0; step < steps; step++) {
    rate += slope[step] as number;
    done += rate + (work[step] as number);
    total[step] = done;
  }
  return total;
}
