import { DroverError } from "../../base/errors.ts";
import type { InstanceRelease } from "./fleet.ts";

/** What is known of a canary at one moment. */
export interface CanaryPicture {
  version: string;
  /** The instances chosen for it. */
  chosen: readonly string[];
  instances: readonly InstanceRelease[];
  /** Seconds since all that were chosen run it, or else since the channel named it. */
  ageS: number;
  /** How long it must have done well. */
  bakeS: number;
}

export type Verdict = { verdict: "wait" | "promote" | "rollback"; why: string };

/** With fewer failures than this nothing is concluded from a share of them. */
const LEAST_FAILURES = 3;
/** A canary may fail this much more often than the others, as a share of its tries, before it is given up. */
const MARGIN = 0.1;
/** An instance that has said nothing of the canary for this long did not manage to start it. */
const SILENCE_S = 180;

/** `10%` or `3` of the instances: at least one, never all. Throws `canary-impossible` or `config-invalid`. */
export function chooseCanaries(share: string, names: readonly string[]): string[] {
  const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(share) ?? [];
  if (digits === undefined) {
    throw new DroverError(
      "config-invalid",
      `--canary ${share}: say a share such as 10%, or a number of instances.`,
    );
  }
  if (names.length < 2) {
    const message = `A canary needs an instance that tries the release and one that does not; ${names.length} report. Deploy without --canary.`;
    throw new DroverError("canary-impossible", message);
  }
  const asked = percent === "%" ? (Number(digits) / 100) * names.length : Number(digits);
  const count = Math.min(names.length - 1, Math.max(1, Math.round(asked)));
  return names.slice(0, count);
}

/** Judges a canary by what its instances report beside the others. Pure. */
export function judgeCanary({ version, chosen, instances, ageS, bakeS }: CanaryPicture): Verdict {
  const [canaries, others] = [true, false].map((inside) =>
    instances.filter((it) => chosen.includes(it.instance) === inside),
  );
  const trying = (canaries ?? []).filter((it) => it.release === version);
  const refusing = (canaries ?? []).find((it) => it.release !== version && it.problem.includes(version));
  if (refusing !== undefined)
    return { verdict: "rollback", why: `${refusing.instance} could not run it: ${refusing.problem}` };
  if (trying.length === 0) {
    return ageS > SILENCE_S
      ? { verdict: "rollback", why: `none of ${chosen.join(", ")} has reported it within ${SILENCE_S} s` }
      : { verdict: "wait", why: `${chosen.join(", ")} have not started it yet` };
  }
  const [its, theirs] = [sharesOf(trying), sharesOf(others ?? [])];
  const comparison = `${percentOf(its.share)} of its tries failed, ${percentOf(theirs.share)} of the others'`;
  if (its.failed >= LEAST_FAILURES && its.share > theirs.share + MARGIN)
    return { verdict: "rollback", why: comparison };
  if (ageS < bakeS) return { verdict: "wait", why: comparison };
  if (its.tries === 0 && theirs.tries > 0)
    return { verdict: "wait", why: "it has not finished a job yet, while others have" };
  return { verdict: "promote", why: comparison };
}

function sharesOf(instances: readonly InstanceRelease[]): { tries: number; failed: number; share: number } {
  const failed = instances.reduce((sum, it) => sum + it.failed, 0);
  const tries = instances.reduce((sum, it) => sum + it.done, failed);
  return { tries, failed, share: tries === 0 ? 0 : failed / tries };
}

function percentOf(share: number): string {
  return `${Math.round(share * 100)} %`;
}
