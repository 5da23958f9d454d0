import {
  type Account,
  allow,
  keys,
  list,
  type Policy,
  policy,
  queues,
  type RecordKind,
  records,
  type Statement,
} from "./statements.ts";

/** Marks what belongs to a fleet, as the autoscaler tags it (cloud/aws/ec2.ts); it may end nothing else. */
const TAG = "drover:fleet";
/** The machines' roles and instance profiles are called so, with the policy's name at the end. */
export const ROLES = "drover-fleet-";

/** Where the autoscaler runs. */
export const SCALER_PLACES = ["control-host", "everywhere", "nowhere"] as const;
export type ScalerPlace = (typeof SCALER_PLACES)[number];

/** One policy for the role of each kind of machine, with nothing in it that the role does not use. */
export function machinePolicies(account: Account, scaler: ScalerPlace): Policy[] {
  if (scaler === "everywhere") return [instance(account, scaling(account))];
  return scaler === "nowhere" ? [instance(account)] : [instance(account), controlHost(account)];
}

/** What boot.sh does. */
function booting(account: Account): Statement[] {
  return [
    allow("FetchReleases", ["s3:GetObject"], keys(account, "releases/*")),
    allow("ReportBoots", ["s3:PutObject"], keys(account, "boot/*")),
  ];
}

function instance(account: Account, scales: Statement[] = []): Policy {
  const rights =
    scales.length === 0
      ? "hold no right in EC2"
      : "could hold less: the rights in EC2 are there since every instance runs the autoscaler";
  const why = `The instances' role. They touch hostile input, so they may write no release and ${rights}; a release is trusted for its signature, not for where it lies. Add s3:GetObject for buckets that jobs take inputs from.`;
  const written: RecordKind[] = ["activity", "status", ...(scales.length === 0 ? [] : ["control" as const])];
  const all = queues(account, "requests", "responses", "deliveries", "dead");
  const taking = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"];
  return policy("instance", why, [
    allow("TakeJobs", taking, queues(account, "requests", "deliveries")),
    allow("Answer", ["sqs:SendMessage"], all),
    allow("FindQueues", ["sqs:GetQueueUrl", "sqs:GetQueueAttributes"], all),
    ...booting(account),
    allow(
      "KeepResults",
      ["s3:GetObject", "s3:PutObject"],
      keys(account, "jobs/*", "artifacts/*", "fleet/key"),
    ),
    allow("HearOfCancels", ["s3:GetObject"], keys(account, "cancels/*")),
    allow("Forget", ["s3:DeleteObject"], keys(account, "status/*", "cancels/*")),
    ...records(account, ["control"], written),
    list(account, "jobs/*", "cancels/*", "status/*", "control/*", "releases/*", "fleet/*"),
    ...scales,
  ]);
}

function controlHost(account: Account): Policy {
  const why =
    "The role of the control host, which runs the autoscaler and no job. It starts and ends only what carries the fleet's tag, and gives away no role but the instances'.";
  return policy("control-host", why, [
    allow(
      "SeeQueues",
      ["sqs:GetQueueUrl", "sqs:GetQueueAttributes"],
      queues(account, "requests", "deliveries"),
    ),
    ...booting(account),
    ...records(account, [], ["status", "control"]),
    allow("Scrub", ["s3:DeleteObject"], keys(account, "status/*")),
    list(account, "status/*", "control/*", "releases/*"),
    ...scaling(account),
  ]);
}

/**
 * CreateFleet runs instances in its caller's name, hence both actions. The tag must be there from the first moment on, on
 * the instances themselves; what they are made of cannot carry it.
 * Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2".
 */
function scaling({ accountId, region, bucket }: Account): Statement[] {
  const ec2 = (...kinds: string[]) => kinds.map((it) => `arn:aws:ec2:${region}:${accountId}:${it}/*`);
  const shared = ["image", "snapshot"].map((it) => `arn:aws:ec2:${region}::${it}/*`);
  const parts = ec2("fleet", "launch-template", "network-interface", "volume", "subnet", "security-group");
  const launching = ["ec2:CreateFleet", "ec2:RunInstances"];
  return [
    allow("SeeInstances", ["ec2:DescribeInstances"], "*"),
    {
      ...allow("Start", launching, ec2("instance")),
      Condition: { StringEquals: { [`aws:RequestTag/${TAG}`]: bucket } },
    },
    allow("StartFrom", launching, [...parts, ...ec2("key-pair", "spot-instances-request"), ...shared]),
    {
      ...allow("Tag", ["ec2:CreateTags"], ec2("instance")),
      Condition: { StringEquals: { "ec2:CreateAction": ["CreateFleet", "RunInstances"] } },
    },
    {
      ...allow("End", ["ec2:TerminateInstances"], ec2("instance")),
      Condition: { StringEquals: { [`ec2:ResourceTag/${TAG}`]: bucket } },
    },
    {
      ...allow("GiveInstancesTheirRole", ["iam:PassRole"], `arn:aws:iam::${accountId}:role/${ROLES}instance`),
      Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
    },
  ];
}
