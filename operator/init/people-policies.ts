import { type Account, allow, keys, list, type Policy, policy, queues, records } from "./statements.ts";

/** One policy for each kind of person or program that is no machine of the fleet. */
export function peoplePolicies(account: Account): Policy[] {
  return [setup(account), client(account), deployer(account), operator(account)];
}

function setup(account: Account): Policy {
  const { accountId, region, bucket, store } = account;
  const why = "Whoever runs `drover setup`, once, and again when names of queues change.";
  const making = ["sqs:CreateQueue", "sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:SetQueueAttributes"];
  const domains = `arn:aws:sdb:${region}:${accountId}:domain/drover_*`;
  return policy("setup", why, [
    allow("MakeQueues", making, queues(account, "requests", "responses", "deliveries", "dead")),
    allow("MakeBucket", ["s3:CreateBucket", "s3:ListBucket"], `arn:aws:s3:::${bucket}`),
    ...(store === "simpledb" ? [allow("MakeDomains", ["sdb:CreateDomain"], domains)] : []),
  ]);
}

function client(account: Account): Policy {
  const why = "Programs and people who submit jobs and read their results. They cannot take a message.";
  return policy("client", why, [
    allow("Submit", ["sqs:SendMessage", "sqs:GetQueueUrl"], queues(account, "requests")),
    allow("ReadResults", ["s3:GetObject"], keys(account, "jobs/*", "artifacts/*")),
    allow("NameJobs", ["s3:GetObject", "s3:PutObject"], keys(account, "references/*")),
    list(account, "jobs/*", "references/*"),
  ]);
}

function deployer(account: Account): Policy {
  const why =
    "Who ships releases; useless without the signing key. The bucket should keep versions of releases/*, so that nothing is lost to a mistake.";
  return policy("deployer", why, [
    allow("WriteReleases", ["s3:GetObject", "s3:PutObject"], keys(account, "releases/*")),
    allow("ReadBootLogs", ["s3:GetObject"], keys(account, "boot/*")),
    ...records(account, ["status"]),
    list(account, "releases/*", "status/*", "boot/*"),
  ]);
}

function operator(account: Account): Policy {
  const why =
    "People who look after the fleet: see everything, cancel jobs, replay or drop dead letters. No deploys.";
  const handling = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"];
  return policy("operator", why, [
    allow(
      "SeeQueues",
      ["sqs:GetQueueUrl", "sqs:GetQueueAttributes"],
      queues(account, "requests", "responses", "deliveries", "dead"),
    ),
    allow("HandleDeadLetters", handling, queues(account, "dead")),
    allow("Replay", ["sqs:SendMessage"], queues(account, "requests", "deliveries")),
    allow("ReadAll", ["s3:GetObject"], keys(account, "*")),
    allow("Cancel", ["s3:PutObject"], keys(account, "cancels/*", "jobs/*")),
    ...(account.store === "simpledb" ? records(account, ["status"]) : []),
    allow("FindRecords", ["s3:ListBucket"], `arn:aws:s3:::${account.bucket}`),
  ]);
}
