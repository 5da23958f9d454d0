import { describe, expect, test } from "vitest";
import { TAGS } from "../../../../cloud/aws/ec2.ts";
import { machinePolicies, SCALER_PLACES } from "../../../../operator/init/machine-policies.ts";
import { peoplePolicies } from "../../../../operator/init/people-policies.ts";
import type { Account, Policy, Statement } from "../../../../operator/init/statements.ts";

const queues = { requests: "q", responses: "r", deliveries: "d", dead: "x" };
const account: Account = {
  accountId: "123456789012",
  region: "eu-west-1",
  bucket: "acme",
  queues,
  store: "s3",
};
const all = [
  ...peoplePolicies(account),
  ...SCALER_PLACES.flatMap((where) => machinePolicies(account, where)),
  ...machinePolicies({ ...account, store: "simpledb" }, "control-host"),
];
const S3 = "arn:aws:s3:::acme/";
const SQS = "arn:aws:sqs:eu-west-1:123456789012:";
const INSTANCE = "arn:aws:ec2:eu-west-1:123456789012:instance/i-1";

const named = (name: string, policies: Policy[]): Statement[] =>
  policies.find((it) => it.name === name)?.document.Statement ?? [];
const people = (name: string) => named(name, peoplePolicies(account));
const machines = (name: string, where: (typeof SCALER_PLACES)[number] = "control-host") =>
  named(name, machinePolicies(account, where));

/** The statements that let an action touch a resource. */
function allowing(statements: Statement[], action: string, resource: string): Statement[] {
  const covers = (one: string) =>
    one === resource || (one.endsWith("*") && resource.startsWith(one.slice(0, -1)));
  return statements.filter((it) => it.Action.includes(action) && [it.Resource].flat().some(covers));
}
const mayDo = (statements: Statement[], action: string, resource: string) =>
  allowing(statements, action, resource).length > 0;
const touches = (statements: Statement[], service: string) =>
  statements.some((it) => it.Action.some((one) => one.startsWith(`${service}:`)));
/** Whether S3 says that a key is not there, instead of that it must not be asked for. */
const hears404 = (statements: Statement[], key: string) =>
  statements.some(
    ({ Action, Condition }) =>
      Action.includes("s3:ListBucket") &&
      [Condition?.["StringLike"]?.["s3:prefix"] ?? "*"]
        .flat()
        .some((prefix) => key.startsWith(prefix.slice(0, -1))),
  );

describe("policies of machines", () => {
  test.each(["control-host", "nowhere"] as const)(
    "let no instance write releases, nor touch EC2, scaled %s",
    (where) => {
      const instance = machines("instance", where);
      expect(mayDo(instance, "s3:GetObject", `${S3}releases/channel`)).toBe(true);
      expect(mayDo(instance, "s3:PutObject", `${S3}releases/channel`)).toBe(false);
      expect(mayDo(instance, "s3:PutObject", `${S3}jobs/1/g0/result`)).toBe(true);
      expect(mayDo(instance, "s3:GetObject", `${S3}control/autoscaler`)).toBe(true);
      expect(mayDo(instance, "s3:PutObject", `${S3}control/autoscaler`)).toBe(false);
      expect(touches(instance, "ec2")).toBe(false);
      expect(touches(instance, "iam")).toBe(false);
    },
  );

  test("give the control host EC2 and no job", () => {
    const host = machines("control-host");
    expect(mayDo(host, "ec2:DescribeInstances", "*")).toBe(true);
    expect(mayDo(host, "s3:PutObject", `${S3}control/autoscaler`)).toBe(true);
    expect(mayDo(host, "sqs:GetQueueAttributes", `${SQS}q`)).toBe(true);
    expect(mayDo(host, "sqs:ReceiveMessage", `${SQS}q`)).toBe(false);
    for (const place of ["jobs/1/g0/result", "artifacts/1/a", "fleet/key", "cancels/1.g0"]) {
      expect(mayDo(host, "s3:GetObject", S3 + place), place).toBe(false);
      expect(mayDo(host, "s3:PutObject", S3 + place), place).toBe(false);
    }
    expect(mayDo(host, "s3:PutObject", `${S3}releases/channel`)).toBe(false);
  });

  test("let the scaler start and end only what has the fleet's tag, and pass on the instances' role alone", () => {
    for (const [name, where] of [
      ["control-host", "control-host"],
      ["instance", "everywhere"],
    ] as const) {
      const statements = machines(name, where);
      const [end] = allowing(statements, "ec2:TerminateInstances", INSTANCE);
      expect(end?.Condition).toEqual({ StringEquals: { [`ec2:ResourceTag/${TAGS.fleet}`]: "acme" } });
      for (const action of ["ec2:CreateFleet", "ec2:RunInstances"]) {
        const starts = allowing(statements, action, INSTANCE);
        expect(starts.map((it) => it.Condition)).toEqual([
          { StringEquals: { [`aws:RequestTag/${TAGS.fleet}`]: "acme" } },
        ]);
      }
      const passing = statements.filter((it) => it.Action.includes("iam:PassRole"));
      expect(passing.map((it) => it.Resource)).toEqual([
        "arn:aws:iam::123456789012:role/drover-fleet-instance",
      ]);
    }
  });

  test("let every reader of what may be missing hear that it is", () => {
    for (const key of ["jobs/1/g0/claim", "control/autoscaler", "fleet/key", "releases/channel"])
      expect(hears404(machines("instance"), key), key).toBe(true);
    for (const key of ["control/autoscaler", "releases/channel"])
      expect(hears404(machines("control-host"), key), key).toBe(true);
    for (const key of ["jobs/1/g0/result", "references/1"])
      expect(hears404(people("client"), key), key).toBe(true);
    expect(hears404(people("client"), "status/i-1")).toBe(false);
    for (const key of ["releases/channel", "status/"])
      expect(hears404(people("deployer"), key), key).toBe(true);
  });

  test("speak of SimpleDB where that is the store", () => {
    const simple = machinePolicies({ ...account, store: "simpledb" }, "control-host");
    const domain = "arn:aws:sdb:eu-west-1:123456789012:domain/drover_status";
    for (const name of ["instance", "control-host"]) {
      expect(mayDo(named(name, simple), "sdb:PutAttributes", domain)).toBe(true);
      expect(mayDo(machines(name), "sdb:PutAttributes", domain)).toBe(false);
    }
  });
});

describe("policies of people", () => {
  test("let no client take a message, and no deployer touch a queue", () => {
    expect(mayDo(people("client"), "sqs:ReceiveMessage", `${SQS}q`)).toBe(false);
    expect(mayDo(people("client"), "sqs:SendMessage", `${SQS}q`)).toBe(true);
    expect(touches(people("deployer"), "sqs")).toBe(false);
  });

  test("let operators replay, and ship nothing", () => {
    for (const queue of ["q", "d"])
      expect(mayDo(people("operator"), "sqs:SendMessage", SQS + queue)).toBe(true);
    expect(mayDo(people("operator"), "s3:PutObject", `${S3}releases/channel`)).toBe(false);
  });
});

test("no policy holds a wildcard action, or the same Sid twice, or is longer than a role may have", () => {
  expect(all.length).toBeGreaterThan(8);
  for (const { document } of all) {
    for (const { Action } of document.Statement) expect(Action.every((it) => !it.includes("*"))).toBe(true);
    const sids = document.Statement.map((it) => it.Sid);
    expect(new Set(sids).size).toBe(sids.length);
    expect(sids.every((it) => /^[A-Za-z0-9]+$/.test(it))).toBe(true);
    // Inline policies of one role, without white space. Source: IAM User Guide, "IAM and AWS STS quotas".
    expect(JSON.stringify(document).length).toBeLessThan(10_240);
  }
});
