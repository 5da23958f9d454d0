import { AwsError } from "../aws-error.ts";
import { invalid } from "../simpledb/parameters.ts";
import type { LaunchData } from "./launch-data.ts";
import type { Market } from "./settings.ts";

export interface TemplateRef {
  id: string;
  name: string;
  version: number;
}

/** What one instance was launched with, complete. */
export interface LaunchSpec {
  imageId: string;
  instanceType: string;
  zone: string;
  subnetId: string;
  market: Market;
  role: string | null;
  /** Base64. */
  userData: string | null;
  shutdownBehavior: "stop" | "terminate";
  metadataTags: boolean;
  clientToken: string;
  /** Its place among those of one request. */
  index: number;
  template: TemplateRef | null;
  fleetId: string | null;
}

/** One subnet a zone: `subnet-`, sixteen zeros and the zone's letter. */
const SUBNET = /^subnet-0{16}([a-f])$/;
const DEFAULT_TYPE = "m7i.large";

/** What no request has said is as usual. Throws AwsError in EC2's words. */
export function completed(
  data: LaunchData,
  region: string,
): Omit<LaunchSpec, "index" | "clientToken" | "template" | "fleetId"> {
  const { imageId, instanceType = DEFAULT_TYPE, subnetId, market = "on-demand" } = data;
  if (imageId === undefined)
    throw new AwsError("MissingParameter", "The request must contain the parameter ImageId");
  if (!/^ami-[\w-]+$/.test(imageId))
    throw new AwsError("InvalidAMIID.Malformed", `Invalid id: "${imageId}" (expecting "ami-...")`);
  if (!/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/.test(instanceType))
    throw invalid(instanceType, "InstanceType", "It is no type of instance.");
  const zone = zoneOf(data, region);
  if (data.metadataTags === true) checkMetadataTags(data.tags ?? {});
  return {
    imageId,
    instanceType,
    zone,
    subnetId: subnetId ?? `subnet-${"0".repeat(16)}${zone.at(-1) ?? ""}`,
    market,
    role: data.role ?? null,
    userData: data.userData ?? null,
    // A spot request of the usual kind, one-time, cannot be stopped.
    shutdownBehavior: market === "spot" ? "terminate" : (data.shutdownBehavior ?? "stop"),
    metadataTags: data.metadataTags ?? false,
  };
}

function zoneOf({ zone, subnetId }: LaunchData, region: string): string {
  if (subnetId !== undefined) {
    const letter = SUBNET.exec(subnetId)?.[1];
    if (letter === undefined)
      throw new AwsError("InvalidSubnetID.NotFound", `The subnet ID '${subnetId}' does not exist`);
    if (zone !== undefined && zone !== region + letter)
      throw new AwsError("InvalidParameterValue", `The subnet ${subnetId} is not in ${zone}.`);
    return region + letter;
  }
  const chosen = zone ?? `${region}a`;
  if (chosen.slice(0, -1) !== region || !/[a-f]$/.test(chosen))
    throw new AwsError("InvalidParameterValue", `Invalid availability zone: [${chosen}]`);
  return chosen;
}

/** EC2 refuses such keys when the tags are to stand in the metadata. */
function checkMetadataTags(tags: Record<string, string>): void {
  for (const key of Object.keys(tags)) {
    if (/^[\w+\-=.,:@]+$/.test(key)) continue;
    const allowed = "Instance Tag Keys must match pattern ('[0-9a-zA-Z\\-_+=,.@:]{1,255}')";
    throw new AwsError("InvalidParameterValue", `'${key}' is not a valid tag key. ${allowed}`);
  }
}
