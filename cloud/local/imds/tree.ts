import type { Instance } from "./instance.ts";

/** A document, or something that makes it when it is asked for. */
type Leaf = string | (() => Promise<string>);
export interface Tree {
  readonly [name: string]: Leaf | Tree | undefined;
}

export interface Place {
  region: string;
  account: string;
}

/**
 * What an instance finds under /latest (EC2 user guide, "Instance metadata categories"). What is undefined is not
 * there: no notice, no role, no tags.
 */
export function metadataTree(instance: Instance, place: Place, credentials: () => Promise<string>): Tree {
  const { role, interruption } = instance;
  return {
    dynamic: { "instance-identity": { document: identityDocument(instance, place) } },
    "meta-data": {
      "ami-id": instance.imageId,
      autoscaling: optional(instance.targetLifecycleState, (state) => ({ "target-lifecycle-state": state })),
      events: optional(instance.rebalance, (noticeTime) => ({
        recommendations: { rebalance: JSON.stringify({ noticeTime }) },
      })),
      hostname: hostnameOf(instance),
      iam: optional(role, (name) => ({
        info: roleInfo(instance, place, name),
        "security-credentials": { [name]: credentials },
      })),
      "instance-id": instance.instanceId,
      "instance-life-cycle": instance.lifeCycle,
      "instance-type": instance.instanceType,
      "local-hostname": hostnameOf(instance),
      "local-ipv4": instance.privateIp,
      placement: { "availability-zone": instance.availabilityZone, region: place.region },
      services: { domain: "amazonaws.com", partition: "aws" },
      spot: optional(interruption, ({ action, time }) => ({
        "instance-action": JSON.stringify({ action, time }),
        "termination-time": action === "terminate" ? time : undefined,
      })),
      tags: Object.keys(instance.tags).length === 0 ? undefined : { instance: instance.tags },
    },
    "user-data": instance.userData ?? undefined,
  };
}

function optional<T, R>(value: T | null, make: (value: T) => R): R | undefined {
  return value === null ? undefined : make(value);
}

const hostnameOf = ({ privateIp }: Instance) => `ip-${privateIp.replaceAll(".", "-")}.ec2.internal`;

function identityDocument(instance: Instance, { region, account }: Place): string {
  const document = {
    accountId: account,
    architecture: instance.architecture,
    availabilityZone: instance.availabilityZone,
    billingProducts: null,
    devpayProductCodes: null,
    marketplaceProductCodes: null,
    imageId: instance.imageId,
    instanceId: instance.instanceId,
    instanceType: instance.instanceType,
    kernelId: null,
    pendingTime: wholeSeconds(instance.launchedMs),
    privateIp: instance.privateIp,
    ramdiskId: null,
    region,
    version: "2017-09-30",
  };
  return JSON.stringify(document, null, 2);
}

function roleInfo({ launchedMs, instanceId }: Instance, { account }: Place, role: string): string {
  const document = {
    Code: "Success",
    LastUpdated: wholeSeconds(launchedMs),
    InstanceProfileArn: `arn:aws:iam::${account}:instance-profile/${role}`,
    InstanceProfileId: `AIPA${instanceId.slice(2).toUpperCase()}`,
  };
  return JSON.stringify(document, null, 2);
}

/** ISO 8601 without fractions, as EC2 writes it. */
export const wholeSeconds = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

/** What stands at a path; undefined: nothing. A folder is answered by the names in it, folders with a slash, but at the top. */
export async function lookUp(tree: Tree, path: readonly string[]): Promise<string | undefined> {
  let here: Leaf | Tree | undefined = tree;
  for (const name of path) {
    if (typeof here !== "object" || !Object.hasOwn(here, name)) return undefined;
    here = here[name];
  }
  if (here === undefined || typeof here === "string") return here;
  if (typeof here === "function") return await here();
  return Object.entries(here)
    .flatMap(([name, entry]) => {
      if (entry === undefined) return [];
      return [typeof entry === "object" && path.length > 0 ? `${name}/` : name];
    })
    .join("\n");
}
