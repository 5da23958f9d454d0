import { DroverError } from "../../base/errors.ts";
import type { Policy } from "../policy.ts";
import { awsPredictive } from "./aws-predictive.ts";
import { awsTargetTracking } from "./aws-target-tracking.ts";
import { buildkite } from "./buildkite.ts";
import { ecsManaged } from "./ecs-managed.ts";
import type { Victims } from "./fleet-size.ts";
import { githubRunner } from "./github-runner.ts";
import { hourly2011 } from "./hourly-2011.ts";
import { kedaHpa } from "./keda-hpa.ts";
import { knativeKpa } from "./knative-kpa.ts";
import { nomadTargetValue } from "./nomad-target-value.ts";
import { skyserveQps } from "./skyserve-qps.ts";
import { spotHedge } from "./spothedge.ts";
import { squareRootStaffing } from "./square-root-staffing.ts";

type Parameters = Record<string, number>;
type Build = (victims: Victims, parameters: Parameters) => Policy;

/** What one knows of a load when one chooses the number of a baseline. */
export interface KnownLoad {
  meanServiceS: number;
  slots: number;
  targetWaitS: number;
}

interface Baseline {
  build: Build;
  parameter: string;
  /** What one would choose first. */
  first: (load: KnownLoad) => number;
}

const perSlot = ({ slots }: KnownLoad) => slots;
const perTarget = ({ slots, targetWaitS, meanServiceS }: KnownLoad) => (slots * targetWaitS) / meanServiceS;

/** Every baseline and the one number that tunes it. */
const BASELINES: Readonly<Record<string, Baseline>> = {
  "aws-target-tracking": { build: awsTargetTracking, parameter: "target", first: perTarget },
  "aws-predictive": { build: awsPredictive, parameter: "target", first: perTarget },
  "ecs-managed": { build: ecsManaged, parameter: "target", first: () => 100 },
  "keda-hpa": { build: kedaHpa, parameter: "queueLength", first: perSlot },
  "knative-kpa": { build: knativeKpa, parameter: "utilisation", first: () => 0.7 },
  buildkite: { build: buildkite, parameter: "perInstance", first: perSlot },
  "github-runner": { build: githubRunner, parameter: "jobsPerInstance", first: perSlot },
  "nomad-target-value": { build: nomadTargetValue, parameter: "target", first: perSlot },
  "skyserve-qps": {
    build: skyserveQps,
    parameter: "target",
    first: ({ slots, meanServiceS }) => slots / meanServiceS,
  },
  spothedge: { build: spotHedge, parameter: "beta", first: () => 1.5 },
  "square-root-staffing": { build: squareRootStaffing, parameter: "beta", first: () => 1.5 },
  "hourly-2011": { build: hourly2011, parameter: "within", first: ({ targetWaitS }) => targetWaitS },
};

/** Times the first choice. */
const TRIED = [0.33, 0.5, 0.7, 1, 1.4, 2, 3];

const RANDOM = "-random";

export const baselineNames: readonly string[] = Object.keys(BASELINES);

/**
 * A baseline by its name, `NAME`, `NAME-random` (victims by chance) or `NAME:parameter=number`. Undefined when there is none
 * of that name. Throws config-invalid when the parameter is not the one that the baseline has.
 */
export function baselineNamed(text: string): Policy | undefined {
  const [fullName = "", setting] = text.split(":");
  const random = fullName.endsWith(RANDOM);
  const name = random ? fullName.slice(0, -RANDOM.length) : fullName;
  const found = Object.hasOwn(BASELINES, name) ? BASELINES[name] : undefined;
  if (found === undefined) return undefined;
  const policy = found.build(random ? "random" : "emptiest", readSetting(setting, found.parameter, name));
  return { ...policy, name: text };
}

/** A baseline with each of the numbers that are worth trying. */
export function settingsTried(name: string, load: KnownLoad): Policy[] {
  const found = BASELINES[name];
  if (found === undefined) return [];
  return TRIED.map((times) => {
    const value = times * found.first(load);
    const policy = found.build("emptiest", { [found.parameter]: value });
    return { ...policy, name: `${name}:${found.parameter}=${value.toPrecision(3)}` };
  });
}

function readSetting(setting: string | undefined, parameter: string, name: string): Parameters {
  if (setting === undefined) return {};
  const [key = "", value = ""] = setting.split("=");
  const number = Number(value);
  if (key !== parameter || value === "" || !(number > 0)) {
    throw new DroverError(
      "config-invalid",
      `${name} is tuned by ${parameter}=NUMBER above 0, not by "${setting}".`,
    );
  }
  return { [parameter]: number };
}
