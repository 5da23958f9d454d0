import { AwsError } from "../aws-error.ts";
import type { XmlFields } from "../simpledb/xml.ts";
import type { Ec2Instance, InstanceStateName } from "./instance-table.ts";
import type { Tags } from "./tag-table.ts";

/** Codes of the states (EC2 API reference, "InstanceState"). */
const stateCodes: Record<InstanceStateName, number> = {
  pending: 0,
  running: 16,
  "shutting-down": 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

export const stateOf = (state: InstanceStateName): XmlFields => ({ code: stateCodes[state], name: state });
export const stateCodeOf = (state: InstanceStateName) => stateCodes[state];

export const tagSet = (tags: Tags): XmlFields => ({
  item: Object.entries(tags).map(([key, value]) => ({ key, value })),
});

/** An instance as DescribeInstances and RunInstances tell it. */
export function instanceItem(instance: Ec2Instance, tags: Tags, account: string): XmlFields {
  const { spec, reason, state, endedMs } = instance;
  const isGone = state === "terminated";
  const stoppedAt = endedMs === undefined ? "" : ` (${utc(endedMs)})`;
  return {
    instanceId: instance.id,
    imageId: spec.imageId,
    instanceState: stateOf(state),
    privateDnsName: isGone ? "" : "localhost",
    dnsName: "",
    reason: reason === undefined ? "" : `${reason.message.slice(reason.code.length + 2)}${stoppedAt}`,
    amiLaunchIndex: spec.index,
    productCodes: "",
    instanceType: spec.instanceType,
    launchTime: new Date(instance.launchedMs).toISOString(),
    placement: { availabilityZone: spec.zone, groupName: "", tenancy: "default" },
    monitoring: { state: "disabled" },
    subnetId: isGone ? undefined : spec.subnetId,
    privateIpAddress: isGone ? undefined : "127.0.0.1",
    stateReason: reason === undefined ? undefined : { code: reason.code, message: reason.message },
    architecture: process.arch === "arm64" ? "arm64" : "x86_64",
    rootDeviceType: "ebs",
    virtualizationType: "hvm",
    clientToken: spec.clientToken,
    tagSet: tagSet(tags),
    hypervisor: "xen",
    ...(spec.market === "spot"
      ? { instanceLifecycle: "spot", spotInstanceRequestId: `sir-${instance.id.slice(-17)}` }
      : {}),
    ...(spec.role === null
      ? {}
      : { iamInstanceProfile: { arn: `arn:aws:iam::${account}:instance-profile/${spec.role}` } }),
  };
}

const utc = (ms: number) => `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} GMT`;

/** All of these must exist. Throws AwsError in EC2's words. */
export function checkIds(ids: readonly string[], exists: (id: string) => boolean): void {
  for (const id of ids) {
    if (!/^i-[0-9a-f]{8}(?:[0-9a-f]{9})?$/.test(id))
      throw new AwsError("InvalidInstanceID.Malformed", `Invalid id: "${id}"`);
  }
  const missing = ids.filter((id) => !exists(id));
  if (missing.length === 0) return;
  const [they, do_] = missing.length === 1 ? ["ID", "does"] : ["IDs", "do"];
  throw new AwsError(
    "InvalidInstanceID.NotFound",
    `The instance ${they} '${missing.join(", ")}' ${do_} not exist`,
  );
}
