/** What the policies of a fleet are about. */
export interface Account {
  accountId: string;
  region: string;
  bucket: string;
  queues: { requests: string; responses: string; deliveries: string; dead: string };
}

interface Statement {
  Sid: string;
  Effect: "Allow";
  Action: string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

/** An IAM policy and, since JSON has no comments, who it is for and why it holds what it holds. */
export interface Policy {
  name: string;
  why: string;
  document: { Version: "2012-10-17"; Statement: Statement[] };
}

/** Marks what belongs to a fleet; the autoscaler may end nothing else. */
const TAG = "drover-fleet";

/** One policy for each role, with nothing in it that the role does not use. */
export function policiesOf(account: Account): Policy[] {
  const sqs = (...names: (keyof Account["queues"])[]) =>
    names.map((it) => `arn:aws:sqs:${account.region}:${account.accountId}:${account.queues[it]}`);
  const s3 = (...prefixes: string[]) => prefixes.map((it) => `arn:aws:s3:::${account.bucket}/${it}`);
  const list = (...prefixes: string[]): Statement => ({
    Sid: "FindRecords",
    Effect: "Allow",
    Action: ["s3:ListBucket"],
    Resource: `arn:aws:s3:::${account.bucket}`,
    Condition: { StringLike: { "s3:prefix": prefixes } },
  });
  return [
    instance(sqs, s3, list),
    client(sqs, s3),
    deployer(s3, list),
    operator(sqs, s3, account.bucket),
    autoscaler(account),
  ];
}

type Names = (...names: (keyof Account["queues"])[]) => string[];
type Keys = (...prefixes: string[]) => string[];
type Listing = (...prefixes: string[]) => Statement;

function allow(sid: string, actions: string[], resources: string | string[]): Statement {
  return { Sid: sid, Effect: "Allow", Action: actions, Resource: resources };
}

function policy(name: string, why: string, statements: Statement[]): Policy {
  return { name, why, document: { Version: "2012-10-17", Statement: statements } };
}

function instance(sqs: Names, s3: Keys, list: Listing): Policy {
  const why =
    "The role of the instances' profile. They touch hostile input, so they may write no release and hold no right in EC2; a release is trusted for its signature, not for where it lies. Add s3:GetObject for buckets that jobs take inputs from.";
  return policy("instance", why, [
    allow(
      "TakeJobs",
      ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
      sqs("requests", "deliveries"),
    ),
    allow("Answer", ["sqs:SendMessage"], sqs("requests", "responses", "deliveries", "dead")),
    allow(
      "FindQueues",
      ["sqs:GetQueueUrl", "sqs:GetQueueAttributes"],
      sqs("requests", "responses", "deliveries", "dead"),
    ),
    allow("FetchReleases", ["s3:GetObject"], s3("releases/*")),
    allow(
      "KeepRecords",
      ["s3:GetObject", "s3:PutObject"],
      s3("jobs/*", "artifacts/*", "activity/*", "status/*", "fleet/key"),
    ),
    allow("ReportBoots", ["s3:PutObject"], s3("boot/*")),
    allow("HearOfCancels", ["s3:GetObject"], s3("cancels/*")),
    allow("Forget", ["s3:DeleteObject"], s3("status/*", "cancels/*")),
    // Without it S3 answers 403 instead of 404 for what is not there.
    list("jobs/*", "cancels/*", "status/*", "releases/*", "fleet/*"),
  ]);
}

function client(sqs: Names, s3: Keys): Policy {
  const why = "Programs and people who submit jobs and read their results. They cannot take a message.";
  return policy("client", why, [
    allow("Submit", ["sqs:SendMessage", "sqs:GetQueueUrl"], sqs("requests")),
    allow("ReadResults", ["s3:GetObject"], s3("jobs/*", "artifacts/*")),
    allow("NameJobs", ["s3:GetObject", "s3:PutObject"], s3("references/*")),
  ]);
}

function deployer(s3: Keys, list: Listing): Policy {
  const why =
    "Who ships releases; useless without the signing key. The bucket should keep versions of releases/*, so that nothing is lost to a mistake.";
  return policy("deployer", why, [
    allow("WriteReleases", ["s3:GetObject", "s3:PutObject"], s3("releases/*")),
    allow("WatchFleet", ["s3:GetObject"], s3("status/*", "boot/*", "activity/*")),
    list("releases/*", "status/*", "boot/*", "activity/*"),
  ]);
}

function operator(sqs: Names, s3: Keys, bucket: string): Policy {
  const why =
    "People who look after the fleet: see everything, cancel jobs, replay or drop dead letters. No deploys.";
  return policy("operator", why, [
    allow(
      "SeeQueues",
      ["sqs:GetQueueUrl", "sqs:GetQueueAttributes"],
      sqs("requests", "responses", "deliveries", "dead"),
    ),
    allow(
      "HandleDeadLetters",
      ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
      sqs("dead"),
    ),
    allow("Replay", ["sqs:SendMessage"], sqs("requests")),
    allow("ReadAll", ["s3:GetObject"], s3("*")),
    allow("Cancel", ["s3:PutObject"], s3("cancels/*", "jobs/*")),
    allow("FindRecords", ["s3:ListBucket"], `arn:aws:s3:::${bucket}`),
  ]);
}

function autoscaler({ accountId, region, bucket }: Account): Policy {
  const why =
    "The control host, or every instance when the fleet scales itself. Starts and ends only what carries the fleet's tag.";
  const ours = { "ec2:ResourceTag/drover-fleet": bucket };
  return policy("autoscaler", why, [
    allow("See", ["ec2:DescribeInstances", "ec2:DescribeSpotPriceHistory", "cloudwatch:GetMetricData"], "*"),
    {
      ...allow("Start", ["ec2:CreateFleet", "ec2:RunInstances", "ec2:CreateTags"], "*"),
      Condition: { StringEquals: { "aws:RequestedRegion": region } },
    },
    {
      ...allow("End", ["ec2:TerminateInstances"], `arn:aws:ec2:${region}:${accountId}:instance/*`),
      Condition: { StringEquals: ours },
    },
    {
      ...allow("GiveInstancesTheirRole", ["iam:PassRole"], `arn:aws:iam::${accountId}:role/${TAG}-instance`),
      Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
    },
  ]);
}
