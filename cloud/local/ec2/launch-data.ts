import { AwsError } from "../aws-error.ts";
import { invalid, type Parameters } from "../simpledb/parameters.ts";
import type { Market } from "./settings.ts";
import type { Tags } from "./tag-table.ts";

/** What a launch template or a request says about instances; the rest has defaults. */
export interface LaunchData {
  imageId?: string;
  instanceType?: string;
  zone?: string;
  subnetId?: string;
  market?: Market;
  /** Name of the instance profile. */
  role?: string;
  /** Base64, as it was sent. */
  userData?: string;
  shutdownBehavior?: "stop" | "terminate";
  /** Whether the tags stand in the instance's metadata. */
  metadataTags?: boolean;
  tags?: Tags;
}

/** What means nothing here: a process tree has no disks, keys, networks or credits. */
const WITHOUT_EFFECT = [
  "BlockDeviceMapping",
  "CpuOptions",
  "CreditSpecification",
  "EbsOptimized",
  "KeyName",
  "MaintenanceOptions",
  "MetadataOptions",
  "Monitoring",
  "NetworkInterface",
  "PrivateDnsNameOptions",
  "SecurityGroup",
  "SecurityGroupId",
];
export const LAUNCH_PARAMETERS: readonly string[] = [
  ...WITHOUT_EFFECT,
  "IamInstanceProfile",
  "ImageId",
  "InstanceInitiatedShutdownBehavior",
  "InstanceMarketOptions",
  "InstanceType",
  "Placement",
  "SubnetId",
  "TagSpecification",
  "UserData",
];

/** What EC2 takes, before base64 (EC2 user guide, "Run commands when you launch an EC2 instance"). */
const MAX_USER_DATA_BYTES = 16_384;

export function readLaunchData(parameters: Parameters): LaunchData {
  const [network] = parameters.list("NetworkInterface");
  return withoutUndefined({
    imageId: parameters.optionalText("ImageId"),
    instanceType: parameters.optionalText("InstanceType"),
    zone: parameters.below("Placement")?.optionalText("AvailabilityZone"),
    subnetId: parameters.optionalText("SubnetId") ?? network?.optionalText("SubnetId"),
    market: readMarket(parameters.below("InstanceMarketOptions")),
    role: readRole(parameters.below("IamInstanceProfile")),
    userData: readUserData(parameters.optionalText("UserData")),
    shutdownBehavior: readShutdownBehavior(parameters.optionalText("InstanceInitiatedShutdownBehavior")),
    metadataTags: readMetadataTags(parameters.below("MetadataOptions")),
    tags: readTagSpecifications(parameters, ["instance"])["instance"],
  });
}

function withoutUndefined(fields: { [K in keyof LaunchData]: LaunchData[K] | undefined }): LaunchData {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** A later one decides over an earlier one; tags are joined. */
export function merged(...all: readonly LaunchData[]): LaunchData {
  const tags = Object.assign({}, ...all.map((it) => it.tags ?? {})) as Tags;
  return Object.assign({}, ...all, { tags }) as LaunchData;
}

function readMarket(options: Parameters | undefined): Market | undefined {
  const type = options?.optionalText("MarketType");
  if (type === undefined) return undefined;
  if (type === "spot") return "spot";
  throw new AwsError("UnsupportedOperation", `The embedded cloud has no market ${type}.`);
}

function readRole(profile: Parameters | undefined): string | undefined {
  const arn = profile?.optionalText("Arn");
  return profile?.optionalText("Name") ?? arn?.slice(arn.lastIndexOf("/") + 1);
}

function readUserData(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text)) {
    throw new AwsError("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.");
  }
  if (Buffer.from(text, "base64").byteLength > MAX_USER_DATA_BYTES) {
    throw new AwsError("InvalidParameterValue", `User data is limited to ${MAX_USER_DATA_BYTES} bytes`);
  }
  return text;
}

function readShutdownBehavior(text: string | undefined): "stop" | "terminate" | undefined {
  if (text === undefined || text === "stop" || text === "terminate") return text;
  throw invalid(text, "InstanceInitiatedShutdownBehavior", "It is stop or terminate.");
}

function readMetadataTags(options: Parameters | undefined): boolean | undefined {
  const text = options?.optionalText("InstanceMetadataTags");
  return text === undefined ? undefined : text === "enabled";
}

const MAX_TAGS = 50;
const MAX_KEY_CHARACTERS = 128;
const MAX_VALUE_CHARACTERS = 256;

/** `TagSpecification.1.Tag.1.Key=…`, by the type of resource. Refuses those that cannot be tagged here. */
export function readTagSpecifications(
  parameters: Parameters,
  kinds: readonly string[],
): Record<string, Tags> {
  const found: Record<string, Tags> = {};
  for (const specification of parameters.list("TagSpecification")) {
    const kind = specification.text("ResourceType");
    // Disks and network interfaces are tagged beside the instances; here there are none.
    if (["volume", "network-interface"].includes(kind)) continue;
    if (!kinds.includes(kind)) {
      throw invalid(kind, "ResourceType", `Here it can be ${kinds.join(" or ")}.`);
    }
    found[kind] = { ...found[kind], ...readTags(specification) };
  }
  return found;
}

/** `Tag.1.Key=…&Tag.1.Value=…` */
export function readTags(parameters: Parameters): Tags {
  const tags: Tags = {};
  for (const tag of parameters.list("Tag")) {
    const key = tag.text("Key");
    const value = tag.optionalText("Value") ?? "";
    if (key === "" || key.length > MAX_KEY_CHARACTERS || key.startsWith("aws:")) {
      throw invalid(key, "tagKey", "Tag keys have 1 to 128 characters and do not start with aws:");
    }
    if (value.length > MAX_VALUE_CHARACTERS) {
      throw invalid(value, "tagValue", "Tag values have at most 256 characters.");
    }
    if (key in tags) throw new AwsError("InvalidParameterValue", `Duplicate tag key '${key}' specified.`);
    tags[key] = value;
  }
  if (Object.keys(tags).length > MAX_TAGS) {
    throw new AwsError("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.");
  }
  return tags;
}
