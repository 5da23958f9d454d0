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

/** Every baseline and the one number that tunes it. */
const BASELINES: Readonly<Record<string, { build: Build; parameter: string }>> = {
  "aws-target-tracking": { build: awsTargetTracking, parameter: "target" },
  "aws-predictive": { build: awsPredictive, parameter: "target" },
  "ecs-managed": { build: ecsManaged, parameter: "target" },
  "keda-hpa": { build: kedaHpa, parameter: "queueLength" },
  "knative-kpa": { build: knativeKpa, parameter: "utilisation" },
  buildkite: { build: buildkite, parameter: "perInstance" },
  "github-runner": { build: githubRunner, parameter: "jobsPerInstance" },
  "nomad-target-value": { build: nomadTargetValue, parameter: "target" },
  "skyserve-qps": { build: skyserveQps, parameter: "target" },
  spothedge: { build: spotHedge, parameter: "beta" },
  "square-root-staffing": { build: squareRootStaffing, parameter: "beta" },
  "hourly-2011": { build: hourly2011, parameter: "within" },
};

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
